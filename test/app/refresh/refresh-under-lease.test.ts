/** A refresh reads the record before it spends anything, and leaves it in order. */
import { describe, expect, test } from '@jest/globals';

import { StoreUnavailableError } from '../../../core/errors.ts';
import { hourMs, iso, minuteMs, ms } from '../../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const someLogin = { versionId: '11111111-2222-4333-8444-555555555555', authorizationId: 'a', atMs: startMs };

/** Logged in 25 minutes ago, so that a refresh is due. */
async function due() {
  const connection = await new OneConnection(startMs).connect();
  connection.later(25 * minuteMs);
  return connection;
}

describe('a refresh spends nothing, and releases the lease', () => {
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
    expect(await connection.refresh()).toMatchObject({ outcome: 'disconnected', done: ['refresh'] });
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

  test('where the connection was removed from the configuration', async () => {
    const connection = await due();
    const { grants } = connection.ports;
    const read: typeof grants.read = async (id) => ({ ...(await grants.read(id)), settings: undefined });
    const { outcome, done } = await connection.with({ grants: { read } }, () => connection.refresh());
    expect([outcome, done]).toEqual(['removed', ['refresh']]);
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

const run = 'arn:aws:states:us-east-1:111122223333:execution:machine:same';
/** As it stands in the lease. */
const runName = 'same';
const noAnswer = async () => {
  throw new StoreUnavailableError('no answer');
};

test('two refreshes at once: one has the lease', async () => {
  const connection = await due();
  const { tokenEndpoint } = connection.ports;
  const refresh: typeof tokenEndpoint.refresh = async (...given) => {
    await expect(connection.refresh()).rejects.toMatchObject({ name: 'LeaseHeldError' });
    return tokenEndpoint.refresh(...given);
  };
  const { outcome } = await connection.with({ tokenEndpoint: { refresh } }, () => connection.refresh());
  expect(outcome).toBe('refreshed');
  expect(connection.counts.filter((count) => count === 'RefreshesSucceeded')).toHaveLength(1);
});

test.each([
  ['refreshed', 25 * minuteMs],
  ['fresh', minuteMs],
])(
  'one that is %s gives the lease back by the write that records it, and no other',
  async (outcome, afterMs) => {
    const connection = await new OneConnection(startMs).connect();
    connection.later(afterMs);
    let released = 0;
    const releaseLease = async () => void (released += 1);
    const refreshed = await connection.with({ grants: { releaseLease } }, () => connection.refresh());
    expect([refreshed.outcome, released]).toEqual([outcome, 0]);
    expect((await connection.grant()).lease).toBeUndefined();
  },
);

describe('a read of the secrets that is older than the record spends nothing', () => {
  test.each(['readGrant', 'readAccess'] as const)('%s', async (method) => {
    const connection = await new OneConnection(startMs).connect();
    const { tokens } = connection.ports;
    const older = await tokens[method](connectionId);
    connection.later(25 * minuteMs);
    expect((await connection.refresh()).outcome).toBe('refreshed');
    const { refreshToken } = await connection.stored();
    connection.later(4 * minuteMs);
    const refreshed = connection.with({ tokens: { [method]: async () => older } }, () =>
      connection.refresh({ force: 'refresh' }),
    );
    await expect(refreshed).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect(connection.provider.honours(refreshToken!)).toBe(true);
  });
});

test('tokens of a login that nobody has checked are not spent', async () => {
  const connection = await due();
  const { tokens } = connection.ports;
  const before = await connection.stored();
  const readGrant: typeof tokens.readGrant = async (id) => {
    const found = await tokens.readGrant(id);
    return { ...found, current: { ...found.current!, versionId: 'unchecked', unverified: true } };
  };
  const refreshed = connection.with({ tokens: { readGrant } }, () => connection.refresh());
  await expect(refreshed).rejects.toMatchObject({ name: 'ConfigurationError' });
  expect(connection.provider.honours(before.refreshToken!)).toBe(true);
});

test('a refresh where no access token is stored', async () => {
  const connection = await due();
  const { tokens } = connection.ports;
  const readAccess: typeof tokens.readAccess = async (id) => ({
    ...(await tokens.readAccess(id)),
    current: undefined,
  });
  const { outcome } = await connection.with({ tokens: { readAccess } }, () => connection.refresh());
  expect(outcome).toBe('refreshed');
  expect((await connection.stored()).accessToken).toBe('CANARY-access-5');
});

test('a refresh whose access token is the first version of its secret moves no label of it', async () => {
  const connection = await due();
  const { tokens } = connection.ports;
  const moves: string[] = [];
  const moveCurrent: typeof tokens.moveCurrent = async (id, secret, ...versions) => {
    moves.push(secret);
    return tokens.moveCurrent(id, secret, ...versions);
  };
  const putAccess = async () => 'current' as const;
  const { outcome } = await connection.with({ tokens: { moveCurrent, putAccess } }, () =>
    connection.refresh(),
  );
  expect([outcome, moves]).toEqual(['refreshed', ['grant']]);
});

describe('where another attempt has the lease', () => {
  const unanswered = {
    name: 'StoreUnavailableError',
    message: 'An earlier attempt to refresh main got no answer from a store, or was killed.',
  };

  test.each([
    ['of this execution: its error names that attempt', `${runName}#1`, unanswered],
    ['of another one', `${runName}-not#1`, { name: 'LeaseHeldError' }],
  ])('%s', async (_whose, owner, error) => {
    const connection = await due();
    const lease = { owner, expiresAtMs: connection.nowMs };
    await connection.patch({ lease });
    await expect(connection.refresh({}, run)).rejects.toMatchObject(error);
    expect((await connection.grant()).lease).toEqual(lease);
  });

  test('and another fault keeps its own error', async () => {
    const connection = await due();
    await connection.patch({ lease: { owner: `${runName}#1`, expiresAtMs: connection.nowMs } });
    const refreshed = connection.with({ grants: { takeLease: noAnswer } }, () => connection.refresh({}, run));
    await expect(refreshed).rejects.toThrow('no answer');
  });

  test('before, and its time is over: this one refreshes', async () => {
    const connection = await due();
    await connection.patch({ lease: { owner: `${runName}#1`, expiresAtMs: connection.nowMs - 1 } });
    expect((await connection.refresh({}, run)).outcome).toBe('refreshed');
  });

  test('before, and has used up the requests', async () => {
    const connection = await new OneConnection(startMs).connect();
    const asks = { trigger: 'consumer', force: 'refresh' } as const;
    connection.later(minuteMs);
    await connection.patch({ requestedAtMs: Array.from({ length: 4 }, () => startMs) });
    expect((await connection.refresh(asks, run)).outcome).toBe('refresh-limited');
    expect((await connection.grant()).lease).toBeUndefined();
    await connection.patch({ lease: { owner: `${runName}#1`, expiresAtMs: connection.nowMs - 1 } });
    await expect(connection.refresh(asks, run)).rejects.toMatchObject(unanswered);
  });
});

describe('a refresh that fails', () => {
  test.each([
    [
      'keeps the lease where a store may yet write',
      { tokens: { putGrant: noAnswer } },
      'StoreUnavailableError',
      true,
    ],
    [
      'keeps the lease once the refresh token was spent',
      { tokens: { putGrant: async () => Promise.reject(new Error('killed')) } },
      'UnexpectedError',
      true,
    ],
    [
      'gives the lease back before it',
      { clients: { read: async () => Promise.reject(new Error('x')) } },
      'UnexpectedError',
      false,
    ],
    [
      'keeps the lease where a store did not answer before it',
      { clients: { read: noAnswer } },
      'StoreUnavailableError',
      true,
    ],
  ] as const)('%s', async (_what, changes, name, keeps) => {
    const connection = await due();
    await expect(connection.with(changes, () => connection.refresh())).rejects.toThrow();
    expect((await connection.grant()).lease !== undefined).toBe(keeps);
    expect(connection.counts.at(-1)).toBe(`RefreshesFailed ${name}`);
  });

  test('where there is no refresh token', async () => {
    const connection = await new OneConnection(startMs).deploy();
    await connection.patch({ status: 'active', authorizedAtMs: startMs });
    await expect(connection.refresh()).rejects.toMatchObject({
      name: 'ConfigurationError',
      message:
        'The grant secret of main holds no refresh token although its owner has logged in. Ask for a new login.',
    });
  });

  test('where the secrets have no room spends nothing', async () => {
    const connection = await due();
    const { refreshToken } = await connection.stored();
    await connection.patch({ refreshesAtMs: Array.from({ length: 82 }, () => startMs) });
    await expect(connection.refresh()).rejects.toMatchObject({
      name: 'StoreQuotaExceededError',
      message:
        'main was refreshed so often within a day that its secrets have no room before 2026-03-03T15:00:00.000Z. The refresh token was not spent; nothing was lost.',
    });
    expect(connection.provider.honours(refreshToken!)).toBe(true);
  });

  test('because of the provider uses no budget', async () => {
    const connection = await due();
    const writes = { refreshesAtMs: [startMs], requestedAtMs: [startMs + 1], otherWritesAtMs: [startMs + 2] };
    await connection.patch(writes);
    connection.provider.isDown = true;
    const refreshed = connection.refresh();
    await expect(refreshed).rejects.toMatchObject({
      name: 'TokenEndpointUnavailableError',
      message: 'Charles Schwab gave no usable answer (HTTP 503).',
    });
    expect(await connection.grant()).toMatchObject(writes);
  });

  test('because of the provider casts no doubt on the grant, however often it fails', async () => {
    const connection = await due();
    connection.provider.isDown = true;
    for (let times = 0; times < 2; times += 1) {
      await expect(connection.refresh()).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
      expect(await connection.grant()).toMatchObject({ status: 'active' });
      expect(await connection.grant()).not.toHaveProperty('doubtedAtMs');
      connection.later(10 * minuteMs);
    }
  });

  test('because of the provider leaves an empty record of writes empty', async () => {
    const connection = await due();
    await connection.patch({
      refreshesAtMs: undefined,
      requestedAtMs: undefined,
      otherWritesAtMs: undefined,
    });
    connection.provider.isDown = true;
    await expect(connection.refresh()).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    expect(await connection.grant()).toMatchObject({
      refreshesAtMs: [],
      requestedAtMs: [],
      otherWritesAtMs: [],
    });
  });

  test.each([
    ['is rejected', 'rejected', (connection: OneConnection) => connection.provider.endGrants(connectionId)],
    [
      'throws',
      'TokenEndpointUnavailableError',
      (connection: OneConnection) => (connection.provider.isDown = true),
    ],
  ])('is counted by its reason where it %s', async (_how, value, happens) => {
    const connection = await due();
    happens(connection);
    const counted: string[][] = [];
    const count = (...given: string[]) => void counted.push(given);
    await connection.with({ metrics: { count } }, () => connection.refresh()).catch(() => undefined);
    expect(counted).toEqual([['RefreshesFailed', 'reason', value]]);
  });

  test('because of the provider keeps that error when its budget cannot be returned', async () => {
    const connection = await due();
    connection.provider.isDown = true;
    const { grants } = connection.ports;
    let calls = 0;
    const recordWrites: typeof grants.recordWrites = async (...given) => {
      calls += 1;
      return calls === 1 ? grants.recordWrites(...given) : noAnswer();
    };
    const refreshed = connection.with({ grants: { recordWrites } }, () => connection.refresh());
    await expect(refreshed).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    expect(calls).toBe(2);
    expect((await connection.grant()).refreshesAtMs).toEqual([connection.nowMs]);
  });
});

test('a refresh is counted before the refresh token is spent', async () => {
  const connection = await due();
  await connection.refresh();
  expect(await connection.grant()).toMatchObject({
    refreshesAtMs: [startMs + 25 * minuteMs],
    requestedAtMs: [],
    otherWritesAtMs: [startMs],
  });
});

describe('a refresh is dropped', () => {
  test.each([
    ['where the refresh cannot be counted', { grants: { recordWrites: async () => false } }, true],
    ['where another refresh token is current', { tokens: { moveCurrent: async () => false } }, false],
    ['where the record has changed', { grants: { recordTokens: async () => undefined } }, false],
  ])('%s', async (_where, changes, isUnspent) => {
    const connection = await due();
    const before = await connection.stored();
    const refreshed = await connection.with(changes, () => connection.refresh());
    expect(refreshed).toMatchObject({ outcome: 'dropped', done: ['refresh'] });
    expect(connection.provider.honours(before.refreshToken!)).toBe(isUnspent);
    expect((await connection.grant()).lease).toBeUndefined();
    expect(connection.counts).not.toContain('RefreshesSucceeded');
  });

  test('where another access token is current', async () => {
    const connection = await due();
    const { tokens } = connection.ports;
    const moveCurrent: typeof tokens.moveCurrent = async (id, secret, ...versions) =>
      secret === 'grant' && tokens.moveCurrent(id, secret, ...versions);
    const { outcome } = await connection.with({ tokens: { moveCurrent } }, () => connection.refresh());
    expect(outcome).toBe('dropped');
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-4',
      accessToken: 'CANARY-access-3',
    });
  });

  test('where what is fresh cannot be recorded', async () => {
    const connection = await new OneConnection(startMs).connect();
    const recordTokens = async () => undefined;
    const { outcome } = await connection.with({ grants: { recordTokens } }, () => connection.refresh());
    expect(outcome).toBe('dropped');
  });

  test.each([
    ['of a login that has begun since', true, 'dropped'],
    ['of a login that nobody records', false, 'refreshed'],
  ])('where the refresh token is that %s: %s', async (_whose, hasBegun, outcome) => {
    const connection = await due();
    const { grants, tokens } = connection.ports;
    const readGrant: typeof tokens.readGrant = async (id) => {
      const found = await tokens.readGrant(id);
      const newer = { versionId: 'newer', authorizationId: 'newer', atMs: connection.nowMs };
      if (hasBegun) await grants.seizeLease(connectionId, 'callback#newer', newer);
      return { ...found, current: { ...found.current!, authorizedAt: iso(startMs + 1) } };
    };
    const refreshed = await connection.with({ tokens: { readGrant } }, () => connection.refresh());
    expect(refreshed.outcome).toBe(outcome);
  });
});

describe('the stored access token', () => {
  const refreshedAtMs = startMs + minuteMs;
  const request = async (change: Parameters<OneConnection['refresh']>[0], afterMs = minuteMs) => {
    const connection = await new OneConnection(startMs).connect();
    connection.later(afterMs);
    const { accessVersionId } = await connection.grant();
    const named = change?.accessVersionId === 'stored' ? { ...change, accessVersionId } : change;
    return (await connection.refresh(named)).outcome;
  };

  test.each([
    ['the schedule asks, and it outlives the next check', {}, minuteMs, 'fresh'],
    ['the schedule asks, and it does not', {}, 25 * minuteMs, 'refreshed'],
    ['a newer one than the asking is wanted', { force: 'refresh' }, minuteMs, 'refreshed'],
    ['a newer one is wanted, and it is no older than the asking', { force: 'refresh' }, 0, 'fresh'],
    ['another one than that is wanted', { force: 'refresh', accessVersionId: 'stored' }, 0, 'refreshed'],
    ['another one than another one is wanted', { force: 'refresh', accessVersionId: 'x' }, minuteMs, 'fresh'],
    ['an operator wants something else', { force: 'reauthorize' }, minuteMs, 'fresh'],
  ] as const)('%s', async (_when, change, afterMs, outcome) => {
    expect(await request(change, afterMs)).toBe(outcome);
  });

  test('it came from another grant', async () => {
    const connection = await new OneConnection(startMs).connect();
    connection.later(minuteMs);
    const { tokens } = connection.ports;
    const readAccess: typeof tokens.readAccess = async (id) => {
      const found = await tokens.readAccess(id);
      return { ...found, current: { ...found.current!, derivedFrom: 'another' } };
    };
    const { outcome } = await connection.with({ tokens: { readAccess } }, () => connection.refresh());
    expect(outcome).toBe('refreshed');
    expect((await connection.grant()).refreshedAtMs).toBe(refreshedAtMs);
  });
});

describe('after a refresh that died', () => {
  test.each([
    ['when its refresh token was put', 'moveCurrent'],
    ['when its refresh token was current', 'putAccess'],
  ] as const)('%s: that one is spent', async (_when, method) => {
    const connection = await due();
    await connection
      .with({ tokens: { [method]: noAnswer } }, () => connection.refresh())
      .catch(() => undefined);
    connection.later(75_001);
    expect((await connection.refresh()).outcome).toBe('refreshed');
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-6',
      accessToken: 'CANARY-access-7',
    });
  });

  test('when its access token was put: both are there', async () => {
    const connection = await due();
    const { tokens } = connection.ports;
    const moveCurrent: typeof tokens.moveCurrent = async (id, secret, ...versions) =>
      secret === 'access' ? noAnswer() : tokens.moveCurrent(id, secret, ...versions);
    await connection.with({ tokens: { moveCurrent } }, () => connection.refresh()).catch(() => undefined);
    connection.later(75_001);
    expect((await connection.refresh()).outcome).toBe('fresh');
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-4',
      accessToken: 'CANARY-access-5',
    });
    const { current } = await tokens.readAccess(connectionId);
    const { accessVersionId, accessExpiresAtMs } = await connection.grant();
    expect([accessVersionId, accessExpiresAtMs]).toEqual([current!.versionId, startMs + 55 * minuteMs]);
  });
});

test('a rejection long before the deadline alerts the operators once it is recorded', async () => {
  const connection = await due();
  connection.provider.endGrants(connectionId);
  const recordRejection = async () => false;
  const refreshed = await connection.with({ grants: { recordRejection } }, () => connection.refresh());
  expect(refreshed.outcome).toBe('dropped');
  expect(connection.reported()).toEqual([]);
  await connection.refresh();
  expect(connection.reported()).toMatchObject([{ step: 'Grant', error: 'EarlyRejectionError' }]);
});

test('a rejection does not count while a newer version exists that could not be read before', async () => {
  const connection = await due();
  const { tokens } = connection.ports;
  const { currentVersionId, current } = await tokens.readGrant(connectionId);
  connection.provider.endGrants(connectionId);
  let reads = 0;
  const readGrant: typeof tokens.readGrant = async () => {
    reads += 1;
    const pending = { ...current!, versionId: 'newer', derivedFrom: currentVersionId };
    return { currentVersionId, current, pending: reads === 1 ? undefined : pending };
  };
  await expect(connection.with({ tokens: { readGrant } }, () => connection.refresh())).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    message: 'The grant secret of main has a newer version, which could not be read before.',
  });
  expect((await connection.grant()).status).toBe('active');
});

test('a rejection at the deadline alerts nobody', async () => {
  const connection = await due();
  connection.later(7 * 24 * hourMs);
  connection.provider.endGrants(connectionId);
  expect((await connection.refresh()).outcome).toBe('rejected');
  expect(connection.reported()).toEqual([]);
});
