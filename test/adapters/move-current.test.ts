/**
 * `AWSCURRENT` is moved, the answer is lost, and the SDK asks again: Secrets Manager refuses the second move, for the label is
 * where it was to go. The simulation does not miss what tells that from somebody else's move: the next check would adopt.
 */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { clientDefaults } from '../../adapters/aws.ts';
import { secretsManagerTokens } from '../../adapters/secrets.ts';
import { Secret } from '../../core/secret.ts';
import { AwsError } from '../../local/aws/errors.ts';
import type { LocalAws } from '../helpers/local-aws.ts';
import { administratorKey, startLocalAws } from '../helpers/local-aws.ts';

const ids = ['11111111', '22222222', '33333333'].map((first) => `${first}-2222-4333-8444-555555555555`);
const [first, second, third] = ids as [string, string, string];

let aws: LocalAws;
let tokens: ReturnType<typeof secretsManagerTokens>;
/** What each move was answered with. */
let moves: string[];
/** An older version that reads of the current one show. */
let staleRead: string | undefined;
/** Whether the next answer is lost: the move itself is made. */
let losesAnswer = false;

beforeAll(async () => {
  aws = await startLocalAws();
  // The SDK takes a refusal by another clock for a signature out of time, and asks again.
  await aws.clock.advance(Date.now() - aws.clock.now());
  const call = aws.secrets.call.bind(aws.secrets);
  aws.secrets.call = async (operation, input, caller) => {
    if (operation === 'GetSecretValue' && staleRead !== undefined)
      return call(operation, { SecretId: input.SecretId, VersionId: staleRead }, caller);
    if (operation !== 'UpdateSecretVersionStage') return call(operation, input, caller);
    const answer = await call(operation, input, caller).catch((error: AwsError) => error);
    moves.push(answer instanceof AwsError ? answer.code : 'moved');
    if (answer instanceof AwsError) throw answer;
    if (!losesAnswer) return answer;
    losesAnswer = false;
    throw new AwsError('InternalServiceError', 'The answer was lost.', 500);
  };
  const config = { endpoint: aws.url, region: 'us-east-1', credentials: administratorKey };
  const client = new SecretsManagerClient({ ...config, ...clientDefaults });
  tokens = secretsManagerTokens('prefix', client, client);
});
afterAll(() => aws.close());

let serial = 0;
let connectionId = '';
beforeEach(async () => {
  moves = [];
  staleRead = undefined;
  connectionId = `connection-${++serial}`;
  aws.secrets.createSecret({ name: `prefix/${connectionId}/grant` });
  for (const versionId of ids) {
    const obtainedAt = '2026-01-05T12:00:00.000Z';
    await tokens.putGrant(connectionId, {
      versionId,
      refreshToken: new Secret(versionId),
      obtainedAt,
      authorizedAt: obtainedAt,
    });
  }
});

const current = async () => (await tokens.readGrant(connectionId)).currentVersionId;

test('a move whose answer was lost was ours', async () => {
  losesAnswer = true;
  expect(await tokens.moveCurrent(connectionId, 'grant', first, second)).toBe(true);
  expect(moves).toEqual(['moved', 'InvalidParameterException']);
  expect(await current()).toBe(second);
});

test("a move after somebody else's was not made", async () => {
  expect(await tokens.moveCurrent(connectionId, 'grant', first, third)).toBe(true);
  expect(await tokens.moveCurrent(connectionId, 'grant', first, second)).toBe(false);
  expect(moves).toEqual(['moved', 'InvalidParameterException']);
  expect(await current()).toBe(third);
});

test('a read that contradicts the refused move is stale: whose move it was is not known', async () => {
  losesAnswer = true;
  staleRead = first;
  await expect(tokens.moveCurrent(connectionId, 'grant', first, second)).rejects.toMatchObject({
    name: 'StoreUnavailableError',
  });
  staleRead = undefined;
  expect(await current()).toBe(second);
});
