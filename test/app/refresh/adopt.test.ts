/** A refresh adopts the versions that it finds, over the labels as AWS moves them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { secretsManagerTokens } from '../../../adapters/secrets.ts';
import { Secret } from '../../../core/secret.ts';
import { adoptGrant } from '../../../app/refresh/adopt.ts';
import { administrator } from '../../../local/aws/service.ts';
import type { LocalAws } from '../../helpers/local-aws.ts';
import { clients, startLocalAws } from '../../helpers/local-aws.ts';

const [first, second, third] = ['11111111', '22222222', '33333333'].map(
  (start) => `${start}-2222-4333-8444-555555555555`,
) as [string, string, string];

let aws: LocalAws;
let tokens: ReturnType<typeof secretsManagerTokens>;
beforeAll(async () => {
  aws = await startLocalAws();
  const { secrets } = clients(aws.url);
  tokens = secretsManagerTokens('prefix', secrets, secrets);
});
afterAll(() => aws.close());

let serial = 0;
let connectionId = '';
beforeEach(() => {
  connectionId = `connection-${++serial}`;
  aws.secrets.createSecret({ name: `prefix/${connectionId}/grant` });
});

const at = '2026-01-05T12:00:00.000Z';
const grant = (versionId: string, derivedFrom?: string) => ({
  versionId,
  refreshToken: new Secret(`token of ${versionId}`),
  obtainedAt: at,
  authorizedAt: at,
  ...(derivedFrom !== undefined && { derivedFrom }),
});
const adopted = async () =>
  (await adoptGrant(connectionId, await tokens.readGrant(connectionId), tokens))?.versionId;

/** As somebody does who puts a value with the console or the CLI: it is current at once. */
const putByHand = (versionId: string) =>
  aws.secrets.call(
    'PutSecretValue',
    {
      SecretId: `prefix/${connectionId}/grant`,
      ClientRequestToken: versionId,
      SecretString: JSON.stringify({ refresh_token: 'by hand', obtained_at: at, authorized_at: at }),
    },
    administrator,
  );

test('what a dead refresh has left is adopted', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  expect(await adopted()).toBe(second);
  expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(second);
});

test('a value that somebody puts by hand stays current, and nothing is pending beside it', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  expect(await adopted()).toBe(second);
  await putByHand(third);
  expect(await tokens.readGrant(connectionId)).toMatchObject({ currentVersionId: third, pending: undefined });
  expect(await adopted()).toBe(third);
});

test('what a dead refresh has left of an older value is not adopted over one that was put by hand', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  await putByHand(third);
  expect((await tokens.readGrant(connectionId)).pending?.versionId).toBe(second);
  expect(await adopted()).toBe(third);
  expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(third);
});
