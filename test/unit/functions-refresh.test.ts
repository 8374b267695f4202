/** What a refresh looks at before it spends anything, and what it leaves behind. */
import { describe, expect, test } from '@jest/globals';

import { minuteMs, ms } from '../helpers/core-samples.ts';
import { OneConnection } from '../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const someLogin = { versionId: '11111111-2222-4333-8444-555555555555', authorizationId: 'a', atMs: startMs };

/** Logged in 25 minutes ago, so that a refresh is due. */
async function due(...given: [] | [ConstructorParameters<typeof OneConnection>[1]]) {
  const connection = await new OneConnection(startMs, ...given).connect();
  connection.later(25 * minuteMs);
  return connection;
}

describe('a refresh spends nothing, and gives the lease back', () => {
  test.each([
    ['while the connection is being ended', { disconnection: { atMs: startMs } }],
    [
      'while it is being ended, though a login was not completed',
      { disconnection: { atMs: startMs }, login: someLogin },
    ],
    ['once it was ended', { status: 'disconnected' as const }],
  ])('%s', async (_when, change) => {
    const connection = await due();
    const stored = await connection.stored();
    await connection.patch(change);
    expect((await connection.refresh()).outcome).toBe('disconnected');
    expect(await connection.stored()).toEqual(stored);
    expect(connection.provider.honours(stored.refreshToken!)).toBe(true);
    expect(await connection.grant()).toMatchObject(change);
    expect((await connection.grant()).lease).toBeUndefined();
  });

  test('where the provider rejects the refresh token', async () => {
    const connection = await due();
    connection.provider.endGrants('main');
    expect((await connection.refresh()).outcome).toBe('rejected');
    expect((await connection.grant()).lease).toBeUndefined();
  });

  test('where the connection is in the configuration no more', async () => {
    const connection = await due();
    const { grants } = connection.ports;
    const read: typeof grants.read = async (id) => ({ ...(await grants.read(id)), settings: undefined });
    const { outcome } = await connection.with({ grants: { read } }, () => connection.refresh());
    expect(outcome).toBe('removed');
    expect((await connection.grant()).fencingNumber).toBe(1);
  });
});

test('a login to a connection that was ended is still completed, where no operator ends it now', async () => {
  const connection = await due();
  await connection.patch({ status: 'disconnected', login: someLogin });
  expect((await connection.refresh()).outcome).toBe('login-lost');
});

test.each([
  ['is refreshed while the callback of its login may still complete it', 90_000 - 1, 'refreshed'],
  ['is not before the login of a callback that died is completed', 90_000, 'login-recovered'],
])('a grant whose tokens are recorded %s', async (_what, agoMs, outcome) => {
  const connection = await due();
  await connection.patch({ login: { ...someLogin, atMs: connection.nowMs - agoMs, closed: null } });
  expect((await connection.refresh()).outcome).toBe(outcome);
});
