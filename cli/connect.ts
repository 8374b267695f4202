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
import type { Options, Shown, Stack } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface ConnectOptions extends Options {
  readonly replace?: boolean;
  readonly rotate?: boolean;
  readonly unchecked?: boolean;
}

/** Puts the client's credentials, from a prompt or from standard input, into its secret. */
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
      `${name} holds credentials already. --rotate puts others there once a refresh has shown that they work, --replace without that; the connections that share them use those from then on.`,
    );
  }
  if (!isThere && options.rotate) {
    throw new CommandError(`${name} holds none yet that could be rotated. Leave --rotate out.`);
  }
  const credentials = await readCredentials(connection, options);
  if (options.rotate) await tryOut(stack, connection, credentials, client);
  const value = JSON.stringify({
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret.reveal(),
  });
  const put = new PutSecretValueCommand({ SecretId: name, SecretString: value });
  await callAws(`storing ${name}`, () => client.send(put));
  await tell(stack, name);
  const tried = options.rotate === true;
  if (options.json) console.log(json({ connectionId, clientSecretName: name, replaced: isThere, tried }));
  else {
    console.log(`The credentials are in ${name}.`);
    console.log(
      tried ? 'A refresh with them succeeded: those from before can be withdrawn.' : nextStep(connection),
    );
  }
  return exitCodes.well;
}

/** All connections of that client leave set-up, and have it in their timeline. */
async function tell({ connections, table, clock, by }: Stack, clientSecretName: string): Promise<void> {
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

function nextStep({ connectionId, settings, grant }: Shown): string {
  const ask = `grantkeeper reauthorize ${connectionId}`;
  if (grant.status === 'active') return `To see that they are right: grantkeeper refresh ${connectionId}`;
  return grant.status === 'disconnected'
    ? `It was disconnected. To begin anew, by a login: ${ask}`
    : `Its owner (${settings.owner.email}) is sent a link by the next check. At once: ${ask}`;
}

/**
 * The cut-over of a rotation: refreshes once with the new credentials, while the workflow goes on with those that are
 * stored.
 * @throws {CommandError} where that does not show that they work; nothing was changed
 */
async function tryOut(
  stack: Stack,
  { connectionId, settings, grant }: Shown,
  credentials: Client,
  client: SecretsManagerClient,
): Promise<void> {
  const { displayName } = settings.provider;
  if (!isAlive(settings, grant, stack.nowMs)) {
    throw new CommandError(
      `${connectionId} has no living grant, so that no refresh can show whether they work. Use --replace, and let its owner log in.`,
    );
  }
  const { secretsManagerClients } = await import('../adapters/secrets.ts');
  const before = await secretsManagerClients(client)
    .read(settings.clientSecretName)
    .catch((error: unknown) => {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new CommandError(`${error.message} There is nothing to cut over from: use --replace.`);
    });
  // RFC 6749 §6: a refresh token is bound to the client that it was issued to.
  if (before.clientId !== credentials.clientId) {
    throw new CommandError(
      `That is another client id, and the grant belongs to the client that it was given to. Use --replace, and then \`grantkeeper reauthorize ${connectionId}\`: its owner has to log in.`,
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
        `${displayName} does not accept the new credentials. Nothing was changed: those from before are in use.`,
      );
    case 'rejected':
      throw new CommandError(
        `${displayName} does not accept the grant with the new credentials. Nothing was changed. If it does with the old ones (grantkeeper refresh ${connectionId}), the new ones are another client's.`,
      );
    case 'refresh-limited':
      throw new CommandError(
        `${connectionId} was refreshed on request too often to try them now. Nothing was changed; run the command again in an hour.`,
      );
    default:
      throw new CommandError(
        `Somebody logged in, or ended ${connectionId}, meanwhile. Nothing was changed; run the command again.`,
      );
  }
}

const PipedSchema = z.object({ client_id: z.string(), client_secret: z.string() });

/** @throws {CommandError} for what cannot be a client's credentials */
async function readCredentials(connection: Shown, { unchecked }: ConnectOptions): Promise<Client> {
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
