import { text as readAll } from 'node:stream/consumers';

import * as z from 'zod/mini';

import { Secret } from '../core/secret.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { Options, Shown } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface ConnectOptions extends Options {
  readonly replace?: boolean;
}

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/** Puts the client's credentials, from a prompt or from standard input, into its secret. */
export async function connect(connectionId: string, options: ConnectOptions): Promise<number> {
  const stack = await openStack(options);
  const connection = await connectionOf(stack, connectionId);
  const { settings } = connection;
  const { clientSecretName: name } = settings;
  const { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } =
    await import('@aws-sdk/client-secrets-manager');
  const { callAws } = await import('../adapters/aws.ts');
  const client = new SecretsManagerClient({});
  const isThere = await callAws(
    `reading ${name}`,
    () => client.send(new GetSecretValueCommand({ SecretId: name })).then(() => true),
    { ResourceNotFoundException: () => false },
  );
  if (isThere && !options.replace) {
    throw new CommandError(
      `${name} holds credentials already. --replace puts others there; the connections that share them use those from then on.`,
    );
  }
  const { clientId, clientSecret } = await readCredentials(connection);
  const value = JSON.stringify({ client_id: clientId, client_secret: clientSecret.reveal() });
  const put = new PutSecretValueCommand({ SecretId: name, SecretString: value });
  await callAws(`storing ${name}`, () => client.send(put));
  if (options.json) console.log(json({ connectionId, clientSecretName: name, replaced: isThere }));
  else {
    console.log(`The credentials are in ${name}.`);
    console.log(nextStep(connection));
  }
  return exitCodes.well;
}

function nextStep({ connectionId, settings, grant }: Shown): string {
  return grant.status === 'never-authorized'
    ? `Its owner (${settings.owner.email}) is sent a link by the next check. At once: grantkeeper reauthorize ${connectionId}`
    : `To see that they are right: grantkeeper refresh ${connectionId}`;
}

const PipedSchema = z.object({ client_id: z.string(), client_secret: z.string() });

/** @throws {CommandError} for what cannot be a client's credentials */
async function readCredentials({ settings: { provider } }: Shown): Promise<Credentials> {
  if (!process.stdin.isTTY) {
    const parsed = PipedSchema.safeParse(jsonOf(await readAll(process.stdin)));
    if (parsed.success) return checked(parsed.data.client_id, parsed.data.client_secret);
    throw new CommandError(
      'Standard input is to be JSON: {"client_id": "…", "client_secret": "…"}. In a terminal they are asked for.',
    );
  }
  const [{ default: input }, { default: password }] = await Promise.all([
    import('@inquirer/input'),
    import('@inquirer/password'),
  ]);
  const clientId = await input({
    message: `Client id (app key) at ${provider.displayName}:`,
    required: true,
  });
  return checked(clientId, await password({ message: 'Client secret:', mask: true }));
}

function checked(id: string, secret: string): Credentials {
  const [clientId, clientSecret] = [id.trim(), secret.trim()];
  for (const [what, value] of [
    ['id', clientId],
    ['secret', clientSecret],
  ] as const) {
    if (value === '') throw new CommandError(`The client ${what} is empty.`);
    // RFC 6749 appendix A.1 and A.2: printable ASCII.
    if (!/^[\x20-\x7e]+$/.test(value))
      throw new CommandError(`The client ${what} has a character that none can have. Copy it again.`);
  }
  if (clientId === clientSecret)
    throw new CommandError('The client id and the secret are the same. Copy them again.');
  return { clientId, clientSecret: new Secret(clientSecret) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
