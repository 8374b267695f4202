/** Each write of the grant record: what it changes, and when it changes nothing. */
import { describe, expect, test } from '@jest/globals';

import type { Grant, OpenAuthorization } from '../../core/grant.ts';
import { minuteMs, ms, schwab } from '../helpers/core-samples.ts';
import type { Recorded } from '../helpers/one-connection.ts';
import { connectionId, OneConnection } from '../helpers/one-connection.ts';

const nowMs = ms('2026-03-02T15:00:00Z');
const blank = {
  status: 'never-authorized',
  sentReminders: [],
  restoredNoticePending: false,
  fencingNumber: 0,
  paused: false,
  setUp: false,
};

async function record(given: Recorded = {}) {
  const connection = await new OneConnection(nowMs).deploy();
  await connection.patch(given);
  const { grants } = connection.ports;
  return { grants, after: () => connection.grant() };
}

const open: OpenAuthorization = {
  authorizationId: 'open',
  reason: 'reminder',
  expiresAtMs: nowMs + minuteMs,
};
const login = { versionId: 'v1', authorizationId: 'open', atMs: nowMs };
const stored = {
  loggedIn: false,
  authorizedAtMs: nowMs - 1,
  refreshedAtMs: nowMs,
  accessExpiresAtMs: nowMs + 30 * minuteMs,
  grantVersionId: 'g1',
  grantObtainedAtMs: nowMs,
  accessVersionId: 'a1',
  identity: undefined,
};
const recorded = {
  status: 'active',
  authorizedAtMs: nowMs - 1,
  refreshedAtMs: nowMs,
  accessExpiresAtMs: nowMs + 30 * minuteMs,
  grantVersionId: 'g1',
  grantObtainedAtMs: nowMs,
  accessVersionId: 'a1',
};

test('a connection without a record, and one with its settings', async () => {
  const connection = await new OneConnection(nowMs).deploy();
  const { settings, grant } = await connection.ports.grants.read(connectionId);
  expect(grant).toEqual(blank);
  expect(settings?.connectionId).toBe('main');
  expect(await connection.ports.grants.read('other')).toEqual({ settings: undefined, grant: blank });
});

test.each([
  ['{"connectionId":7}', 'The stored settings of main are not valid at connectionId.'],
  [
    JSON.stringify({ ...schwab, provider: { ...schwab.provider, displayName: 7 } }),
    'The stored settings of main are not valid at provider.displayName.',
  ],
  ['no JSON', 'The stored settings of main are not valid at all.'],
])('settings that are %s', async (settings, message) => {
  const connection = await new OneConnection(nowMs).deploy();
  const Item = { pk: { S: 'settings#main' }, sk: { S: 'settings' }, settings: { S: settings } };
  connection.cloud.table.call('PutItem', { Item });
  await expect(connection.ports.grants.read(connectionId)).rejects.toMatchObject({
    name: 'ConfigurationError',
    message,
  });
});

test('a tick is recorded once, and never an older one', async () => {
  const { grants, after } = await record();
  const ticks = [
    ['2026-03-02T15:00:00Z', 'e1', true],
    ['2026-03-02T15:00:00Z', 'e1', true],
    ['2026-03-02T15:00:00Z', 'e2', false],
    ['2026-03-02T14:59:00Z', 'e3', false],
    ['2026-03-02T15:01:00Z', 'e4', true],
  ] as const;
  for (const [time, execution, isRecorded] of ticks)
    expect(await grants.recordTick(connectionId, time, execution)).toBe(isRecorded);
  expect(await after()).toEqual({
    ...blank,
    lastTick: { scheduledTime: '2026-03-02T15:01:00Z', executionName: 'e4' },
  });
});

describe('a lease', () => {
  test('is of one owner at a time, for 75 seconds', async () => {
    const { grants, after } = await record();
    const lease = { owner: 'one', expiresAtMs: nowMs + 75_000 };
    expect(await grants.takeLease(connectionId, 'one', nowMs)).toMatchObject({ lease, fencingNumber: 1 });
    await expect(grants.takeLease(connectionId, 'two', nowMs + 75_000)).rejects.toMatchObject({
      name: 'LeaseHeldError',
      message: 'Another execution is refreshing main.',
    });
    // The SDK asks twice where an answer is lost.
    expect((await grants.takeLease(connectionId, 'one', nowMs)).fencingNumber).toBe(2);
    const taken = await grants.takeLease(connectionId, 'two', nowMs + 75_001);
    expect(taken).toMatchObject({ lease: { owner: 'two' }, fencingNumber: 3 });
    await grants.releaseLease(connectionId, 'one');
    expect((await after()).lease).toEqual({ owner: 'two', expiresAtMs: nowMs + 150_001 });
    await grants.releaseLease(connectionId, 'two');
    expect(await after()).toEqual({ ...blank, fencingNumber: 3 });
  });

  test('is seized by a login, which is recorded', async () => {
    const { grants, after } = await record({ authorization: open });
    const taken = await grants.seizeLease(connectionId, 'callback', login);
    expect(taken).toEqual({
      fencingNumber: 1,
      hasDisplaced: false,
      record: expect.objectContaining({ ...blank, authorization: open }),
    });
    expect(await after()).toEqual({
      ...blank,
      authorization: open,
      fencingNumber: 1,
      lease: { owner: 'callback', expiresAtMs: nowMs + 75_000 },
      login,
      unrecordedLogins: ['v1'],
    });
    const second = { ...login, versionId: 'v2' };
    expect(await grants.seizeLease(connectionId, 'other', second)).toMatchObject({
      fencingNumber: 2,
      hasDisplaced: true,
    });
    expect(await after()).toMatchObject({ login: second, unrecordedLogins: ['v1', 'v2'] });
  });

  test.each([
    [nowMs - 1, false],
    [nowMs, true],
  ])('that ends at %i: a login that seizes it has displaced its holder: %s', async (expiresAtMs, is) => {
    const { grants } = await record({ lease: { owner: 'one', expiresAtMs } });
    expect((await grants.seizeLease(connectionId, 'callback', login))?.hasDisplaced).toBe(is);
  });

  test('that nobody holds: a login that seizes it may still have displaced another login', async () => {
    const { grants } = await record({ unrecordedLogins: ['v0'] });
    expect((await grants.seizeLease(connectionId, 'callback', login))?.hasDisplaced).toBe(true);
  });

  test.each<[string, Partial<Grant>, boolean]>([
    [
      'a login that is recorded and not completed',
      { login: { ...login, versionId: 'v0', closed: null } },
      false,
    ],
    ['that very login', { login: { ...login, closed: null } }, true],
    ['a disconnection', { disconnection: { atMs: nowMs } }, false],
    ['an end since it was asked for', { status: 'disconnected' }, false],
    [
      'an end, and a newer link',
      { status: 'disconnected', authorization: { ...open, authorizationId: 'b' } },
      false,
    ],
    ['an end before it was asked for', { status: 'disconnected', authorization: open }, true],
  ])('after %s a login seizes it: %s', async (_what, given, isTaken) => {
    const { grants } = await record(given);
    const taken = await grants.seizeLease(connectionId, 'callback', login);
    expect(taken !== undefined).toBe(isTaken);
  });
});

describe('tokens are recorded', () => {
  const during = {
    fencingNumber: 4,
    lease: { owner: 'one', expiresAtMs: nowMs },
    doubtedAtMs: nowMs,
    authorization: open,
    sentReminders: ['2026-03-02T15:00:00Z'],
    login,
    unrecordedLogins: ['v0', 'v1'],
    claim: { notice: 'n', by: 'e', atMs: nowMs },
    grantVersionId: 'g0',
    accessVersionId: 'a0',
    identity: { subject: 's0' },
  };

  test('of a refresh, and the login’s attributes stay', async () => {
    const { grants, after } = await record(during);
    const { lease: _lease, doubtedAtMs: _doubt, ...rest } = during;
    const expected = { ...blank, ...rest, ...recorded };
    expect(await grants.recordTokens(connectionId, 4, stored)).toMatchObject(expected);
    expect(await after()).toEqual(expected);
  });

  test('of a login, which closes the open authorization', async () => {
    const { grants, after } = await record({ ...during, otherWritesAtMs: [nowMs - 1] });
    const loggedIn = { ...stored, loggedIn: true, accessVersionId: undefined, identity: { subject: 's1' } };
    await grants.recordTokens(connectionId, 4, loggedIn);
    const expected = {
      ...blank,
      ...recorded,
      accessVersionId: 'a0',
      identity: { subject: 's1' },
      fencingNumber: 4,
      sentReminders: [],
      login: { ...login, closed: open },
      otherWritesAtMs: [nowMs - 1, nowMs],
    };
    expect(await after()).toEqual(expected);
    // The SDK asks twice where an answer is lost: what was closed is not forgotten.
    await grants.recordTokens(connectionId, 4, loggedIn);
    expect((await after()).login).toEqual({ ...login, closed: open });
  });

  test('of a login without a link, which closes nothing', async () => {
    const { grants, after } = await record({ ...during, authorization: undefined });
    await grants.recordTokens(connectionId, 4, { ...stored, loggedIn: true });
    expect(await after()).toMatchObject({ login: { closed: null }, otherWritesAtMs: [nowMs] });
  });

  test('not under an older lease', async () => {
    const { grants, after } = await record(during);
    expect(await grants.recordTokens(connectionId, 3, { ...stored, loggedIn: true })).toBeUndefined();
    expect(await after()).toEqual({ ...blank, ...during });
  });
});

describe('a login in progress', () => {
  test('is marked as held, unless it is over', async () => {
    const { grants, after } = await record({ login });
    await grants.holdTokens(connectionId, 'v0', nowMs);
    expect(await after()).toEqual({ ...blank, login });
    await grants.holdTokens(connectionId, 'v1', nowMs);
    expect(await after()).toEqual({
      ...blank,
      login: { ...login, tokensHeld: true },
      otherWritesAtMs: [nowMs],
    });
    const closed = await record({ login: { ...login, closed: null } });
    await closed.grants.holdTokens(connectionId, 'v1', nowMs);
    expect((await closed.after()).login).toEqual({ ...login, closed: null });
  });

  test('has its refusal recorded, unless a newer one has begun', async () => {
    const { grants, after } = await record({ login });
    await grants.refuseLogin(connectionId, 'v0', 'other');
    expect((await after()).login).toEqual(login);
    await grants.refuseLogin(connectionId, 'v1', 'other');
    expect((await after()).login).toEqual({ ...login, refusedAs: 'other' });
  });

  test('is removed from the record, unless a newer one has begun', async () => {
    const { grants, after } = await record({ login, unrecordedLogins: ['v1'] });
    await grants.endLogin(connectionId, 'v0');
    expect(await after()).toEqual({ ...blank, login, unrecordedLogins: ['v1'] });
    await grants.endLogin(connectionId, 'v1');
    expect(await after()).toEqual(blank);
  });
});

describe('under its lease alone, an execution records', () => {
  type Write = (
    grants: Awaited<ReturnType<typeof record>>['grants'],
    fencingNumber: number,
  ) => Promise<unknown>;
  test.each<[string, Write, unknown, unknown, Partial<Grant>]>([
    [
      'another version of a login',
      (grants, number) => grants.recordLoginVersions(connectionId, number, ['v1']),
      true,
      false,
      { unrecordedLogins: ['v1'] },
    ],
    [
      'the writes that come',
      (grants, number) =>
        grants.recordWrites(connectionId, number, {
          refreshesAtMs: [60_000, 180_000],
          requestedAtMs: [2],
          otherWritesAtMs: [3],
        }),
      true,
      false,
      { refreshesAtMs: [60_000, 180_000], requestedAtMs: [2], otherWritesAtMs: [3] },
    ],
    [
      'a rejection',
      (grants, number) => grants.recordRejection(connectionId, number),
      true,
      false,
      { status: 'rejected' },
    ],
    [
      'a doubt',
      (grants, number) => grants.recordDoubt(connectionId, number, nowMs),
      nowMs,
      undefined,
      { doubtedAtMs: nowMs },
    ],
    [
      'the revocation',
      async (grants, number) => grants.recordRevocation(connectionId, number, 'revoked', [nowMs, nowMs]),
      true,
      false,
      { disconnection: { atMs: nowMs, revocation: 'revoked' }, otherWritesAtMs: [nowMs, nowMs] },
    ],
  ])('%s', async (_what, write, done, refused, change) => {
    const given = { fencingNumber: 4, disconnection: { atMs: nowMs } };
    const { grants, after } = await record(given);
    expect(await write(grants, 3)).toBe(refused);
    expect(await after()).toEqual({ ...blank, ...given });
    expect(await write(grants, 4)).toBe(done);
    expect(await after()).toEqual({ ...blank, ...given, ...change });
  });

  test('of the coming writes only the lists that are given', async () => {
    const { grants, after } = await record({ refreshesAtMs: [60_000], requestedAtMs: [1] });
    expect(await grants.recordWrites(connectionId, 0, { otherWritesAtMs: [3] })).toBe(true);
    expect(await after()).toMatchObject({
      refreshesAtMs: [60_000],
      requestedAtMs: [1],
      otherWritesAtMs: [3],
    });
  });

  test('versions of a login one after the other, and keeps the time of the first doubt', async () => {
    const { grants, after } = await record({ unrecordedLogins: ['v1'], doubtedAtMs: nowMs - 1 });
    await grants.recordLoginVersions(connectionId, 0, ['v1', 'v2']);
    expect(await grants.recordDoubt(connectionId, 0, nowMs)).toBe(nowMs - 1);
    expect(await after()).toEqual({ ...blank, unrecordedLogins: ['v1', 'v2'], doubtedAtMs: nowMs - 1 });
  });
});

describe('a disconnection by an operator', () => {
  const disconnection = { by: 'ops@example.com', atMs: nowMs };

  test('takes the lease and the status; a repeat keeps the operator’s name', async () => {
    const { grants, after } = await record({ status: 'active' });
    expect(await grants.beginDisconnection(connectionId, 'e1', disconnection)).toMatchObject({
      status: 'disconnected',
      fencingNumber: 1,
    });
    await expect(
      grants.beginDisconnection(connectionId, 'e2', { atMs: nowMs + 75_000 }),
    ).rejects.toMatchObject({
      name: 'LeaseHeldError',
      message: 'Another execution, or a login, uses the tokens of main.',
    });
    await grants.beginDisconnection(connectionId, 'e2', { atMs: nowMs + 75_001 });
    expect(await after()).toEqual({
      ...blank,
      status: 'disconnected',
      disconnection,
      fencingNumber: 2,
      lease: { owner: 'e2', expiresAtMs: nowMs + 150_001 },
    });
  });

  test('leaves only the pinned identity of the grant', async () => {
    const kept = { status: 'disconnected', identity: { subject: 's' }, fencingNumber: 4 } as const;
    const { grants, after } = await record({
      ...recorded,
      ...kept,
      disconnection,
      lease: { owner: 'e', expiresAtMs: nowMs },
      authorization: open,
      claim: { notice: 'n', by: 'e', atMs: nowMs },
      login,
      unrecordedLogins: ['v1'],
      doubtedAtMs: nowMs,
      sentReminders: ['2026-03-02T15:00:00Z'],
      restoredNoticePending: true,
    });
    expect(await grants.recordDisconnected(connectionId, 3)).toBe(false);
    expect((await after()).disconnection).toEqual(disconnection);
    expect(await grants.recordDisconnected(connectionId, 4)).toBe(true);
    expect(await after()).toEqual({ ...blank, ...kept });
    expect(await grants.recordDisconnected(connectionId, 4)).toBe(true);
  });

  test('that is repeated keeps a link that was requested since', async () => {
    const { grants, after } = await record({ status: 'disconnected', authorization: open });
    expect(await grants.recordDisconnected(connectionId, 0)).toBe(false);
    expect((await after()).authorization).toEqual(open);
  });
});

describe('an authorization is opened', () => {
  const next: OpenAuthorization = { ...open, authorizationId: 'next' };
  const claim = { notice: 'n', by: 'e1', atMs: nowMs };
  const notified = { notice: 'n', by: 'e2' };

  test.each<[string, Recorded, Partial<Grant>, typeof claim | undefined, boolean]>([
    ['where none is', {}, {}, undefined, true],
    [
      'in the place of the one that was read',
      { authorization: open },
      { authorization: open },
      undefined,
      true,
    ],
    ['not where another one was since', { authorization: open }, {}, undefined, false],
    [
      'not in the place of another one',
      { authorization: { ...open, authorizationId: 'x' } },
      { authorization: open },
      undefined,
      false,
    ],
    ['again', { authorization: next }, {}, undefined, true],
    ['not after an end that was not read', { status: 'disconnected' }, {}, undefined, false],
    ['after an end that was', { status: 'disconnected' }, { status: 'disconnected' }, undefined, true],
    [
      'not after an end since',
      { status: 'disconnected', fencingNumber: 2 },
      { status: 'disconnected', fencingNumber: 1 },
      undefined,
      false,
    ],
    ['with a claim', {}, {}, claim, true],
    [
      'not while another execution sends the same',
      { claim: { ...notified, atMs: nowMs - 120_000 } },
      {},
      claim,
      false,
    ],
    ['where that one has died', { claim: { ...notified, atMs: nowMs - 120_001 } }, {}, claim, true],
    [
      'where that one sends something else',
      { claim: { ...notified, notice: 'm', atMs: nowMs } },
      {},
      claim,
      true,
    ],
    ['where that one is this one', { claim: { ...notified, by: 'e1', atMs: nowMs } }, {}, claim, true],
  ])('%s', async (_when, given, read, wanted, isOpened) => {
    const { grants, after } = await record(given);
    const as = { ...blank, ...read } as Grant;
    expect(await grants.openAuthorization(connectionId, as, next, wanted)).toBe(isOpened);
    const change = { authorization: next, ...(wanted && { claim: wanted }) };
    expect(await after()).toEqual({ ...blank, ...given, ...(isOpened && change) });
  });

  test('and marked as sent, started, and alone, unless another one is open', async () => {
    const supersedes = [{ authorizationId: 'old', expiresAtMs: nowMs }];
    const { grants, after } = await record({ authorization: { ...open, supersedes } });
    await grants.confirmSent(connectionId, 'other', 1);
    await grants.confirmSuperseded(connectionId, 'other');
    expect(await grants.markStarted(connectionId, 'other', 1)).toBe(false);
    expect(await after()).toEqual({ ...blank, authorization: { ...open, supersedes } });
    await grants.confirmSent(connectionId, 'open', nowMs + 2 * minuteMs);
    await grants.confirmSuperseded(connectionId, 'open');
    expect(await grants.markStarted(connectionId, 'open', nowMs)).toBe(true);
    const authorization = { ...open, expiresAtMs: nowMs + 2 * minuteMs, startedAtMs: nowMs };
    expect(await after()).toEqual({ ...blank, authorization });
  });
});

describe('notices to the owner', () => {
  test.each<[string, Recorded, boolean]>([
    ['nobody sends', {}, true],
    ['another execution sends', { claim: { notice: 'n', by: 'e2', atMs: nowMs } }, false],
    ['had a reminder', { sentReminders: ['n'] }, false],
  ])('a notice that %s is claimed: %s', async (_what, given, isClaimed) => {
    const { grants, after } = await record(given);
    const claim = { notice: 'n', by: 'e1', atMs: nowMs };
    expect(await grants.claimNotice(connectionId, claim)).toBe(isClaimed);
    expect(await after()).toEqual({ ...blank, ...given, ...(isClaimed && { claim }) });
  });

  test('are recorded with the channels that took them', async () => {
    const claim = { notice: 'n', by: 'e', atMs: nowMs };
    const { grants, after } = await record({ claim });
    await grants.recordNotified(connectionId, { atMs: 1, channels: ['email', 'sms'], reminders: ['a'] });
    const notified = {
      ...blank,
      sentReminders: ['a'],
      notifiedAtMs: 1,
      emailReachedAtMs: 1,
      smsReachedAtMs: 1,
    };
    expect(await after()).toEqual(notified);
    await grants.recordNotified(connectionId, {
      atMs: 2,
      channels: [],
      reminders: ['b'],
      restoredNoticePending: true,
    });
    expect(await after()).toEqual({
      ...notified,
      sentReminders: ['a', 'b'],
      notifiedAtMs: 2,
      restoredNoticePending: true,
    });
    await grants.recordNotified(connectionId, { atMs: 3, channels: [] });
    expect(await after()).toEqual({
      ...notified,
      sentReminders: ['a', 'b'],
      notifiedAtMs: 3,
      restoredNoticePending: true,
    });
    await grants.recordNotified(connectionId, {
      atMs: 4,
      channels: [],
      restoredNoticePending: false,
      forgetsReminders: true,
    });
    expect(await after()).toEqual({ ...notified, sentReminders: [], notifiedAtMs: 4 });
  });

  test('of a test are recorded by channel', async () => {
    const { grants, after } = await record();
    await grants.recordReached(connectionId, [], 1);
    expect(await after()).toEqual(blank);
    await grants.recordReached(connectionId, ['email', 'slack'], 1);
    expect(await after()).toEqual({ ...blank, emailReachedAtMs: 1, slackReachedAtMs: 1 });
  });
});

test('a pause, its end, and set-up', async () => {
  const { grants, after } = await record();
  const pause = { by: 'ops@example.com', reason: 'holiday', atMs: nowMs };
  expect(await grants.resume(connectionId)).toBe(false);
  expect(await grants.pause(connectionId, pause)).toBe(true);
  expect(await grants.pause(connectionId, { ...pause, reason: 'other' })).toBe(false);
  expect(await after()).toEqual({ ...blank, paused: true, pause });
  expect(await grants.resume(connectionId)).toBe(true);
  expect(await after()).toEqual(blank);
  await grants.recordSetUp(connectionId, true);
  expect(await after()).toEqual({ ...blank, setUp: true });
  await grants.recordSetUp(connectionId, false);
  expect(await after()).toEqual(blank);
});
