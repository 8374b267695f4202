import { text as readAll } from 'node:stream/consumers';

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';

import { problemOfCredentials } from '../core/client-credentials.ts';
import { isAlive } from '../core/decide.ts';
import { ClientRejectedError, ConfigurationError, LeaseHeldError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Client } from '../core/client-credentials.ts';
import { Secret } from '../core/secret.ts';
import { holdsValue } from './describe-secret.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface ConnectOptions extends Options {
  readonly replace?: boolean;
  readonly rotate?: boolean;
  readonly unchecked?: boolean;
}

/** Reads the client's credentials from a prompt or from standard input, and stores them in their secret. */
export async function connect(connectionId: string, options: ConnectOptions): Promise<number> {
  const stack = await openStack(options);
  const connection = await connectionOf(stack, connectionId);
  const { clientSecretName: name } = connection.settings;
  const [{ PutSecretValueCommand }, { callAws }, { secretsManager }] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('../adapters/aws.ts'),
    import('../adapters/secrets.ts'),
  ]);
  const client = secretsManager();
  const isThere = await holdsValue(name);
  if (isThere && !options.replace && !options.rotate) {
    throw new CommandError(
      `${name} holds credentials already. Use --rotate to replace them after a refresh has shown that the new ones work, or --replace to replace them at once. All connections that share them then use the new ones.`,
    );
  }
  if (!isThere && options.rotate) {
    throw new CommandError(`${name} holds no credentials yet. Run the command without --rotate.`);
  }
  const credentials = await readCredentials(connection, options);
  if (options.rotate) await tryOut(stack, connection, credentials, client);
  const value = JSON.stringify({
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret.reveal(),
  });
  const put = new PutSecretValueCommand({ SecretId: name, SecretString: value });
  await callAws(`storing ${name}`, () => client.send(put));
  await recordConnected(stack, name);
  const tried = options.rotate === true;
  if (options.json) console.log(json({ connectionId, clientSecretName: name, replaced: isThere, tried }));
  else {
    console.log(`The credentials are in ${name}.`);
    console.log(
      tried ? 'A refresh with them succeeded. You can withdraw the old ones.' : nextStep(connection),
    );
  }
  return exitCodes.ok;
}

/** Ends the set-up of all connections of that client, and records it in their timelines. */
async function recordConnected(
  { connections, table, clock, by }: Stack,
  clientSecretName: string,
): Promise<void> {
  const [{ dynamoGrants }, { dynamoEvents }, { systemRandom }] = await Promise.all([
    import('../adapters/grants.ts'),
    import('../adapters/events.ts'),
    import('../adapters/system.ts'),
  ]);
  const grants = dynamoGrants(table);
  const events = dynamoEvents(table, clock, systemRandom);
  for (const { connectionId, settings } of (await connections()).shown) {
    if (settings.clientSecretName !== clientSecretName) continue;
    await grants.recordSetUp(connectionId, false);
    await events.record(connectionId, 'connected', { by });
  }
}

function nextStep({ connectionId, settings, grant }: ConfiguredConnection): string {
  const ask = `grantkeeper reauthorize ${connectionId}`;
  if (grant.status === 'active') return `Check them: grantkeeper refresh ${connectionId}`;
  return grant.status === 'disconnected'
    ? `It was disconnected. Send a login link to restore it: ${ask}`
    : `Its owner (${settings.owner.email}) gets a link at the next check. Send it now: ${ask}`;
}

/**
 * Tries new credentials with one refresh, while the workflow uses the stored ones.
 * @throws {CommandError} the refresh did not show that they work; nothing was changed
 */
async function tryOut(
  stack: Stack,
  { connectionId, settings, grant }: ConfiguredConnection,
  credentials: Client,
  client: SecretsManagerClient,
): Promise<void> {
  const { displayName } = settings.provider;
  if (!isAlive(settings, grant, stack.nowMs)) {
    throw new CommandError(
      `${connectionId} has no valid grant, so no refresh can show whether they work. Use --replace, then let its owner log in.`,
    );
  }
  const { secretsManagerClients } = await import('../adapters/secrets.ts');
  const before = await secretsManagerClients(client)
    .read(settings.clientSecretName)
    .catch((error: unknown) => {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new CommandError(`${error.message} Use --replace.`);
    });
  // A refresh token is bound to the client that it was issued to (RFC 6749 §6).
  if (before.clientId !== credentials.clientId) {
    throw new CommandError(
      `That is another client id, and the grant belongs to the old client. Use --replace, then \`grantkeeper reauthorize ${connectionId}\`: its owner has to log in.`,
    );
  }
  const { refreshWith } = await import('./refresh-with.ts');
  const outcome = await refreshWith(stack, { settings, grant }, credentials).catch((error: unknown) => {
    if (error instanceof LeaseHeldError)
      throw new CommandError(`${connectionId} is being refreshed at this moment. Try again in a minute.`);
    if (error instanceof ClientRejectedError) return 'refused';
    throw error;
  });
  switch (outcome) {
    case 'refreshed':
      return;
    case 'refused':
      throw new CommandError(
        `${displayName} does not accept the new credentials. Nothing was changed, and the old ones are in use.`,
      );
    case 'rejected':
      throw new CommandError(
        `${displayName} does not accept the grant with the new credentials. Nothing was changed. Run grantkeeper refresh ${connectionId}: if that succeeds, the new credentials are another client's.`,
      );
    case 'refresh-limited':
      throw new CommandError(
        `${connectionId} was refreshed on request too often to try them now. Nothing was changed; run the command again in an hour.`,
      );
    default:
      throw new CommandError(
        `Somebody logged in to ${connectionId} or disconnected it at the same time. Nothing was changed; run the command again.`,
      );
  }
}

const PipedSchema = z.object({ client_id: z.string(), client_secret: z.string() });

/** @throws {CommandError} these cannot be a client's credentials */
async function readCredentials(
  connection: ConfiguredConnection,
  { unchecked }: ConnectOptions,
): Promise<Client> {
  const { provider } = connection.settings;
  const typed = process.stdin.isTTY ? await prompt(provider.displayName) : await piped();
  const [clientId, clientSecret] = [typed.client_id.trim(), typed.client_secret.trim()];
  const { clientIdPattern: _id, clientSecretPattern: _secret, ...unshaped } = provider;
  const problem = problemOfCredentials(unchecked ? unshaped : provider, clientId, clientSecret);
  if (problem !== undefined) {
    const isShape = problemOfCredentials(unshaped, clientId, clientSecret) === undefined;
    throw new CommandError(isShape ? `${problem} If it is right all the same, give --unchecked.` : problem);
  }
  return { clientId, clientSecret: new Secret(clientSecret) };
}

async function prompt(displayName: string): Promise<z.infer<typeof PipedSchema>> {
  const [{ default: input }, { default: password }] = await Promise.all([
    import('@inquirer/input'),
    import('@inquirer/password'),
  ]);
  const client_id = await input({ message: `Client id (app key) at ${displayName}:`, required: true });
  return { client_id, client_secret: await password({ message: 'Client secret:', mask: true }) };
}

async function piped(): Promise<z.infer<typeof PipedSchema>> {
  const parsed = PipedSchema.safeParse(parseJson(await readAll(process.stdin)));
  if (parsed.success) return parsed.data;
  throw new CommandError(
    'Standard input is to be JSON: {"client_id": "…", "client_secret": "…"}. In a terminal they are asked for.',
  );
}
