/** What a consumer waits for: the token from memory, and a plain read of the secret. */
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';

import { AccessTokens } from '../../client/index.ts';
import { mailOnly, TestDemo } from '../helpers/demo.ts';
import { timed } from './timed.ts';

export interface Client {
  readonly cachedMicroseconds: number;
  readonly secretReadMicroseconds: number;
  readonly ratio: number;
}

export async function measureClient(): Promise<Client> {
  // The client has the real time.
  await using demo = await TestDemo.start({ configure: mailOnly, startMs: Date.now() });
  await demo.connect();
  const { secrets, states } = demo.sdk();
  const tokens = new AccessTokens({
    stack: 'local',
    secretsManager: secrets,
    stepFunctions: async () => states,
  });
  const request = { connectionId: 'demo-main' };
  const cachedMicroseconds = await each(200_000, () => tokens.get(request));
  const read = new GetSecretValueCommand({ SecretId: 'grantkeeper/local/demo-main/access' });
  const secretReadMicroseconds = await each(200, () => secrets.send(read));
  return { cachedMicroseconds, secretReadMicroseconds, ratio: cachedMicroseconds / secretReadMicroseconds };
}

/** Microseconds of one, after as many that only warm. */
async function each(times: number, work: () => Promise<unknown>): Promise<number> {
  for (let warming = 0; warming < times; warming++) await work();
  const tookMs = await timed(async () => {
    for (let run = 0; run < times; run++) await work();
  });
  return (tookMs * 1000) / times;
}
