import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { Observed } from './walk.ts';

/** Runs the walk in its own process, because the SDK's clients read their environment once. */
export async function walking(
  stackName: string,
  environment: NodeJS.ProcessEnv,
): Promise<readonly Observed[]> {
  const walk = fileURLToPath(new URL('walk.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', walk, stackName], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  if (code !== 0) throw new Error('The walk failed: see above.');
  return JSON.parse(out) as readonly Observed[];
}

/** The configuration of the throw-away stack. */
export function configOf(email: string, providerUrl: string): Readonly<Record<string, unknown>> {
  return {
    'grantkeeper:mail': { from: email },
    'grantkeeper:operators': { emails: [email] },
    'grantkeeper:logRetentionDays': 7,
    'grantkeeper:providers': {
      fake: {
        displayName: 'Fake Provider',
        authorizationEndpoint: `${providerUrl}/authorize`,
        tokenEndpoint: `${providerUrl}/token`,
        accessTokenLifetimeSeconds: 1800,
        limits: { absoluteSeconds: 604_800 },
      },
    },
    'grantkeeper:connections': {
      'verify-main': { provider: 'fake', client: 'verify', owner: { email, timeZone: 'UTC' } },
    },
  };
}
