/** A refresh adopts the versions that it finds, over the labels as AWS moves them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { secretsManagerTokens } from '../../../adapters/secrets.ts';
import { adoptAccess, adoptGrant } from '../../../app/refresh/adopt.ts';
import type { Tokens } from '../../../core/ports.ts';
import { Secret } from '../../../core/secret.ts';
import type { AccessSecret, GrantSecret } from '../../../core/stored-tokens.ts';
import { administrator } from '../../../local/aws/service.ts';
import { iso, ms } from '../../helpers/core-samples.ts';
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

test('the version of an interrupted refresh is adopted', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  expect(await adopted()).toBe(second);
  expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(second);
});

test('a version that was put by hand stays current, and nothing is pending beside it', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  expect(await adopted()).toBe(second);
  await putByHand(third);
  expect(await tokens.readGrant(connectionId)).toMatchObject({ currentVersionId: third, pending: undefined });
  expect(await adopted()).toBe(third);
});

test('the version of an interrupted refresh does not replace a newer one that was put by hand', async () => {
  await tokens.putGrant(connectionId, grant(first));
  await tokens.putGrant(connectionId, grant(second, first));
  await putByHand(third);
  expect((await tokens.readGrant(connectionId)).pending?.versionId).toBe(second);
  expect(await adopted()).toBe(third);
  expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(third);
});

const atMs = ms('2026-03-02T15:00:00Z');
const itsGrant = { versionId: 'g' } as GrantSecret;
const accessOf = (versionId: string, obtainedAtMs: number, derivedFrom = 'g') =>
  ({ versionId, obtainedAt: iso(obtainedAtMs), derivedFrom }) as AccessSecret;
const current = accessOf('a1', atMs);

test.each([
  ['newer', current, accessOf('a2', atMs + 1), 'a2'],
  ['as old', current, accessOf('a2', atMs), 'a1'],
  ['older', current, accessOf('a2', atMs - 1), 'a1'],
  ['of another grant', current, accessOf('a2', atMs + 1, 'other'), 'a1'],
  ['the only one', undefined, accessOf('a2', atMs), 'a2'],
  ['not there', current, undefined, 'a1'],
])('a pending access token that is %s', async (_which, now, pending, expected) => {
  const moves: unknown[] = [];
  const tokens = { moveCurrent: async (...given: unknown[]) => moves.push(given) } as unknown as Tokens;
  const found = { currentVersionId: 'a1', current: now, pending };
  const adopted = await adoptAccess('main', found, itsGrant, tokens);
  expect(adopted.current?.versionId).toBe(expected);
  expect(moves).toEqual(expected === 'a2' ? [['main', 'access', 'a1', 'a2']] : []);
});

test('if another holder moves the label first, its access token is used', async () => {
  const theirs = { currentVersionId: 'a3', current: accessOf('a3', atMs + 2), pending: undefined };
  const tokens = { moveCurrent: async () => false, readAccess: async () => theirs } as unknown as Tokens;
  const found = { currentVersionId: 'a1', current, pending: accessOf('a2', atMs + 1) };
  expect(await adoptAccess('main', found, itsGrant, tokens)).toBe(theirs);
});
