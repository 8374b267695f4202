import { text as readAll } from 'node:stream/consumers';

import type { BrowserLoginSettings } from '../core/browser-login.ts';
import { parseJson } from '../core/parse-json.ts';
import type { BrowserCredentials } from '../core/browser-credentials.ts';
import { problemOfBrowserCredentials } from '../core/browser-credentials.ts';
import { holdsValue } from './describe-secret.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

/** Puts what a browser logs in with, from a prompt or from standard input, into its secret. */
export async function connectBrowser(connectionId: string, options: Options): Promise<number> {
  return put(connectionId, options, (secretName, isThere) => {
    if (isThere) {
      throw new CommandError(
        `${secretName} holds credentials already. Others in their place: grantkeeper browser-login rotate ${connectionId}`,
      );
    }
  });
}

/** Puts others in their place; what was refused of the old ones is forgotten with them. */
export async function rotateBrowser(connectionId: string, options: Options): Promise<number> {
  return put(connectionId, options, (secretName, isThere) => {
    if (!isThere) {
      throw new CommandError(
        `${secretName} holds none yet that could be replaced. The first ones: grantkeeper browser-login connect ${connectionId}`,
      );
    }
  });
}

/** @param check throws where that is not what was meant */
async function put(
  connectionId: string,
  options: Options,
  check: (secretName: string, isThere: boolean) => void,
): Promise<number> {
  const stack = await openStack(options);
  const { settings } = await connectionOf(stack, connectionId);
  const { secretName } = await optedIn(stack, connectionId);
  const isThere = await holdsValue(secretName);
  check(secretName, isThere);
  const credentials = await readCredentials(settings.provider.displayName, stack.nowMs);
  const [{ PutSecretValueCommand }, { callAws }, { secretsManager }] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('../adapters/aws.ts'),
    import('../adapters/secrets.ts'),
  ]);
  const command = new PutSecretValueCommand({
    SecretId: secretName,
    SecretString: JSON.stringify(credentials),
  });
  await callAws(`storing ${secretName}`, () => secretsManager().send(command));
  await tell(stack, connectionId);
  if (options.json) console.log(json({ connectionId, secretName, replaced: isThere }));
  else {
    console.log(`They are in ${secretName}; the browser of ${connectionId} alone reads them.`);
    console.log(`To see that they are right: grantkeeper reauthorize ${connectionId}`);
  }
  return exitCodes.ok;
}

/** @throws {CommandError} which says how one opts in */
async function optedIn({ table, name }: Stack, connectionId: string): Promise<BrowserLoginSettings> {
  const { dynamoBrowserLogins } = await import('../adapters/browser-logins.ts');
  const own = await dynamoBrowserLogins(table).readSettings(connectionId);
  if (own !== undefined) return own;
  throw new CommandError(
    `No browser logs in for ${connectionId}: it has not opted in, and should not lightly (docs/browser-login.md). To do so give it browserLoginWithStoredPassword in Pulumi.${name}.yaml, and run npx pulumi up.`,
  );
}

async function tell({ table, clock, by }: Stack, connectionId: string): Promise<void> {
  const [{ dynamoEvents }, { systemRandom }] = await Promise.all([
    import('../adapters/events.ts'),
    import('../adapters/system.ts'),
  ]);
  await dynamoEvents(table, clock, systemRandom).record(connectionId, 'browser-credentials-stored', { by });
}

/** @throws {CommandError} for what cannot be credentials; it quotes none of them */
async function readCredentials(displayName: string, nowMs: number): Promise<BrowserCredentials> {
  const typed = process.stdin.isTTY ? await prompt(displayName) : parseJson(await readAll(process.stdin));
  if (typed === undefined) {
    throw new CommandError(
      'Standard input is to be JSON: {"username": "…", "password": "…", "totp_seed": "…"}, the seed only if there is one. In a terminal they are asked for.',
    );
  }
  const problem = problemOfBrowserCredentials(typed);
  if (problem !== undefined)
    throw new CommandError(`Those are no credentials: ${problem}. Nothing was stored.`);
  const credentials = typed as BrowserCredentials;
  const { totp_seed: seed } = credentials;
  const { oneTimeCode } = await import('../adapters/one-time-code.ts');
  if (seed !== undefined && oneTimeCode(seed, nowMs) === undefined) {
    throw new CommandError('Those are no credentials: no code can be made of totp_seed. Nothing was stored.');
  }
  return credentials;
}

async function prompt(displayName: string): Promise<unknown> {
  const [{ default: input }, { default: password }] = await Promise.all([
    import('@inquirer/input'),
    import('@inquirer/password'),
  ]);
  console.error(
    `What you type is stored, and is the whole account at ${displayName}: docs/browser-login.md has what that means.`,
  );
  const username = await input({ message: `Login ID at ${displayName}:`, required: true });
  const secret = await password({ message: 'Password:', mask: true });
  const seed = await password({ message: 'Seed of the one-time codes, if there are any:', mask: true });
  return { username, password: secret, ...(seed.trim() !== '' && { totp_seed: seed.trim() }) };
}
