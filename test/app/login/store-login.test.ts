/** How a login's tokens are stored over whatever is there, what follows, and what becomes of those that nobody uses. */
import { describe, expect, test } from '@jest/globals';

import type { Grant } from '../../../core/grant.ts';
import { newGrant } from '../../../core/grant.ts';
import type { AccessSecret, GrantSecret } from '../../../core/stored-tokens.ts';
import type { RevocationAnswer } from '../../../core/token-answer.ts';
import { presets } from '../../../core/provider.ts';
import { Secret } from '../../../core/secret.ts';
import { completeLogin } from '../../../app/login/complete-login.ts';
import type { Stored } from '../../../app/refresh/read-stored.ts';
import { asRecorded, requireCurrent } from '../../../app/refresh/read-stored.ts';
import { detailsOf, errorOf } from '../../../app/refresh/refusal-error.ts';
import { revokeLogin, revokeReplaced } from '../../../app/login/revoke-login.ts';
import { storeLogin } from '../../../app/login/store-login.ts';
import { accessSecretOf } from '../../../app/refresh/access-secret.ts';
import { iso, minuteMs, ms, schwab } from '../../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../../helpers/one-connection.ts';

const nowMs = ms('2026-03-02T15:00:00Z');
const [v1, v2, v3] = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-2222-4333-8444-555555555555`) as [
  string,
  string,
  string,
];
const tokenSet = {
  accessToken: new Secret('access-new'),
  tokenType: 'Bearer',
  expiresInSeconds: 60,
  refreshToken: new Secret('refresh-new'),
};

describe('a login is stored', () => {
  /** Connected, and a second login whose code was exchanged. */
  async function answered() {
    const connection = await new OneConnection(nowMs).connect();
    connection.later(minuteMs);
    const { tokens, grants } = connection.ports;
    const before = {
      grant: await tokens.readGrant(connectionId),
      access: await tokens.readAccess(connectionId),
    };
    const login = { versionId: v1, authorizationId: 'a', atMs: connection.nowMs };
    const taken = await grants.seizeLease(connectionId, 'callback', login);
    const { fencingNumber, record } = taken!;
    const askedAtMs = connection.nowMs;
    const store = () =>
      storeLogin(
        connection.settings,
        { login, identity: {}, tokenSet, askedAtMs, before, record, fencingNumber },
        connection.ports,
      );
    /** Somebody else's version, current in the place of whatever is. */
    const replace = async (change: Partial<GrantSecret> = {}) => {
      const { currentVersionId } = await tokens.readGrant(connectionId);
      await tokens.putGrant(connectionId, {
        versionId: v2,
        refreshToken: new Secret('refresh-other'),
        obtainedAt: iso(nowMs),
        authorizedAt: iso(nowMs),
        ...change,
      });
      await tokens.moveCurrent(connectionId, 'grant', currentVersionId, change.versionId ?? v2);
    };
    const takeOver = () =>
      grants.seizeLease(connectionId, 'newer', { ...login, versionId: v3, authorizationId: 'b' });
    return { connection, store, replace, takeOver, askedAtMs };
  }
  const stored = { refreshToken: 'refresh-new', accessToken: 'access-new' };

  test('over what was there', async () => {
    const { connection, store } = await answered();
    expect(await store()).toMatchObject({ grantVersionId: v1, accessExpiresAtMs: nowMs + 2 * minuteMs });
    expect(await connection.stored()).toEqual(stored);
  });

  test('over a refresh that came between', async () => {
    const { connection, store, replace } = await answered();
    await replace();
    expect(await store()).toMatchObject({ grantVersionId: v1 });
    expect(await connection.stored()).toEqual(stored);
  });

  test('over what holds no token any more', async () => {
    const { connection, store } = await answered();
    const { tokens } = connection.ports;
    let moves = 0;
    const moveCurrent: typeof tokens.moveCurrent = async (...given) => {
      moves += 1;
      return moves > 1 && tokens.moveCurrent(...given);
    };
    const readGrant: typeof tokens.readGrant = async (id) => ({
      ...(await tokens.readGrant(id)),
      current: undefined,
    });
    const kept = await connection.with({ tokens: { moveCurrent, readGrant } }, store);
    expect(kept).toMatchObject({ grantVersionId: v1 });
    expect(await connection.stored()).toEqual(stored);
  });

  test('and what was refreshed from it meanwhile stays', async () => {
    const { connection, store, replace, askedAtMs } = await answered();
    await replace({ authorizedAt: iso(askedAtMs), obtainedAt: iso(askedAtMs + 1), derivedFrom: v1 });
    expect(await store()).toMatchObject({ grantVersionId: v1 });
    expect(await connection.stored()).toMatchObject({ refreshToken: 'refresh-other' });
  });

  test('not where a newer login has begun before its tokens were put', async () => {
    const { connection, store, takeOver } = await answered();
    const before = await connection.stored();
    await takeOver();
    expect(await store()).toBeUndefined();
    expect(await connection.stored()).toEqual(before);
  });

  test.each(['grant', 'access'] as const)(
    'not once a newer login begins while its %s secret moves',
    async (secret) => {
      const { connection, store, takeOver } = await answered();
      const { tokens, grants } = connection.ports;
      const moves: string[] = [];
      const moveCurrent: typeof tokens.moveCurrent = async (id, moved, ...versions) => {
        moves.push(moved);
        if (moved !== secret) return tokens.moveCurrent(id, moved, ...versions);
        await takeOver();
        return false;
      };
      let recorded = 0;
      const recordTokens: typeof grants.recordTokens = (...given) => {
        recorded += 1;
        return grants.recordTokens(...given);
      };
      expect(
        await connection.with({ tokens: { moveCurrent }, grants: { recordTokens } }, store),
      ).toBeUndefined();
      expect(moves.filter((moved) => moved === secret)).toEqual([secret]);
      expect(recorded).toBe(0);
    },
  );

  test.each(['grant', 'access'] as const)('or fails after five moves of its %s secret', async (secret) => {
    const { connection, store } = await answered();
    const { tokens } = connection.ports;
    let moves = 0;
    const moveCurrent: typeof tokens.moveCurrent = async (id, moved, ...versions) => {
      if (moved !== secret) return tokens.moveCurrent(id, moved, ...versions);
      moves += 1;
      return false;
    };
    await expect(connection.with({ tokens: { moveCurrent } }, store)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: `The ${secret} secret of main kept changing during a login.`,
    });
    expect(moves).toBe(5);
  });

  test('without a move where its versions are the first of their secrets', async () => {
    const connection = await new OneConnection(nowMs).deploy();
    await connection.request('reauthorize');
    const back = await connection.logIn();
    const moveCurrent = async () => {
      throw new Error('moved');
    };
    expect(await connection.with({ tokens: { moveCurrent } }, () => connection.return(back))).toMatchObject({
      statusCode: 200,
    });
  });
});

test('a login that is completed resumes whoever waits, for it or for another link', async () => {
  const connection = await new OneConnection(nowMs).deploy();
  const { authorizations, random } = connection.ports;
  const offer = (authorizationId: string, change = {}) =>
    authorizations.addLink(
      {
        connectionId,
        authorizationId,
        reason: 'requested',
        expiresAtMs: nowMs + minuteMs,
        linkHash: random.hash('x'),
        executionId: `run of ${authorizationId}`,
        taskToken: `token of ${authorizationId}`,
        ...change,
      },
      nowMs,
    );
  for (const each of ['done', 'open', 'old']) await offer(each);
  await offer('bare', { executionId: undefined, taskToken: undefined });
  const login = { versionId: v1, authorizationId: 'done', atMs: nowMs };
  const open = { authorizationId: 'open', reason: 'reminder', expiresAtMs: nowMs + minuteMs } as const;
  const supersedes = [
    { authorizationId: 'old', expiresAtMs: nowMs },
    { authorizationId: 'done', expiresAtMs: nowMs },
  ];
  await connection.patch({ login });
  await completeLogin(connectionId, { ...login, closed: { ...open, supersedes } }, connection.ports);
  expect(connection.resumed).toHaveLength(3);
  expect(connection.resumed).toEqual(
    expect.arrayContaining([
      { taskToken: 'token of done', resumption: { outcome: 'completed', done: [] } },
      { taskToken: 'token of open', resumption: { outcome: 'superseded', done: [] } },
      { taskToken: 'token of old', resumption: { outcome: 'superseded', done: [] } },
    ]),
  );
  const statusOf = async (id: string) => (await authorizations.read(connectionId, id))!.status;
  expect([await statusOf('done'), await statusOf('open'), await statusOf('old')]).toEqual([
    'completed',
    'superseded',
    'expired',
  ]);
  expect(connection.happened('completed')).toEqual([{ authorizationId: 'done', executionId: 'run of done' }]);
  expect(await connection.grant()).not.toHaveProperty('login');
  await completeLogin(connectionId, { ...login, authorizationId: 'bare' }, connection.ports);
  await completeLogin(connectionId, { ...login, authorizationId: 'gone', closed: null }, connection.ports);
  expect(connection.happened('completed')).toContainEqual({ authorizationId: 'bare' });
  expect(connection.happened('completed')).toContainEqual({ authorizationId: 'gone' });
  expect(connection.resumed).toHaveLength(3);
});

describe('a read of a secret is older than the record', () => {
  const record: Grant = {
    ...newGrant,
    grantVersionId: v2,
    grantObtainedAtMs: nowMs,
    accessVersionId: v2,
    refreshedAtMs: nowMs,
  };
  const of = (versionId: string | undefined, obtainedAtMs?: number, derivedFrom?: string) => ({
    currentVersionId: versionId,
    ...(obtainedAtMs !== undefined && {
      current: { versionId, obtainedAt: iso(obtainedAtMs), derivedFrom } as unknown as GrantSecret &
        AccessSecret,
    }),
  });
  const good = of(v2, nowMs);
  type Found = ReturnType<typeof of>;

  test.each<[string, 'grant' | 'access', Found, Partial<Grant>, number, boolean]>([
    ['the recorded one', 'grant', of(v2, nowMs - 1), {}, 0, false],
    ['an older one', 'grant', of(v1, nowMs - 1), {}, 0, true],
    ['an older one, long after', 'grant', of(v1, nowMs - 1), {}, 60 * minuteMs, true],
    ['one as old', 'grant', of(v1, nowMs), {}, 0, false],
    ['one that was refreshed from the recorded one', 'grant', of(v1, nowMs - 1, v2), {}, 0, false],
    ['one that was refreshed from another one', 'grant', of(v1, nowMs - 1, v3), {}, 0, true],
    ['one that nobody recorded', 'grant', of(v1, nowMs - 1), { grantVersionId: undefined }, 0, false],
    ['one without a time', 'grant', of(v1), {}, 0, false],
    ['none', 'grant', of(undefined), {}, 5 * minuteMs - 1, true],
    ['none, five minutes after', 'grant', of(undefined), {}, 5 * minuteMs, false],
    ['none, and none is recorded', 'grant', of(undefined), { grantVersionId: undefined }, 0, false],
    ['none, and no time is recorded', 'grant', of(undefined), { grantObtainedAtMs: undefined }, 0, false],
    ['the recorded access token', 'access', of(v2, nowMs - 1), {}, 0, false],
    ['an older access token', 'access', of(v1, nowMs - 1), {}, 5 * minuteMs - 1, true],
    ['an older access token, five minutes after', 'access', of(v1, nowMs - 1), {}, 5 * minuteMs, false],
    ['an older access token of the recorded grant', 'access', of(v1, nowMs - 1, v2), {}, 0, true],
    [
      'an older access token, and no time is recorded',
      'access',
      of(v1, nowMs - 1),
      { refreshedAtMs: undefined },
      0,
      false,
    ],
  ])('where it shows %s (%s)', (_what, secret, found, change, afterMs, isStale) => {
    const stored: Stored = { grant: good, access: good, [secret]: found };
    const then = { ...record, ...change };
    const look = () => requireCurrent(connectionId, stored, then, nowMs + afterMs);
    if (isStale)
      expect(look).toThrow(
        `Secrets Manager shows a version of the ${secret} secret of main that is older than ${v2}, which the record names.`,
      );
    else expect(look).not.toThrow();
    expect(asRecorded(stored, then, nowMs + afterMs)).toEqual({
      ...stored,
      ...(isStale && { [secret]: { currentVersionId: v2 } }),
    });
  });
});

describe('tokens that nobody uses are given back', () => {
  const client = { clientId: 'c', clientSecret: new Secret('s') };
  const revoking = {
    ...presets.schwab!,
    loginEndsPreviousGrant: false,
    revocationEndpoint: 'https://provider.example.com/revoke',
    revocationEnds: 'login',
  } as const;
  const asking = (...answers: RevocationAnswer[]) => {
    const asked: string[] = [];
    const revoke = async (_provider: unknown, _client: unknown, token: Secret, type: string) => {
      asked.push(`${type} ${token.reveal()}`);
      return answers[asked.length - 1]!;
    };
    return { asked, endpoint: { revoke } };
  };
  const both = { refreshToken: new Secret('r'), accessToken: new Secret('a') };

  test.each<[RevocationAnswer[], string]>([
    [['revoked', 'revoked'], 'revoked'],
    [['revoked', 'unavailable'], 'unanswered'],
    [['refused', 'unavailable'], 'unanswered'],
    [['revoked', 'refused'], 'refused'],
    [['not-offered', 'revoked'], 'revoked'],
    [['not-offered', 'not-offered'], 'not-offered'],
  ])('answered %j it is %s', async (answers, revocation) => {
    const { asked, endpoint } = asking(...answers);
    expect(await revokeLogin(revoking, client, both, endpoint)).toBe(revocation);
    expect(asked).toEqual(['refresh_token r', 'access_token a']);
  });

  test('those that there are', async () => {
    const { asked, endpoint } = asking('revoked');
    await revokeLogin(revoking, client, { accessToken: new Secret('a') }, endpoint);
    expect(asked).toEqual(['access_token a']);
  });

  test.each([
    ['which offers none', { revocationEndpoint: undefined }, 'not-offered'],
    ['whose metadata may offer one', { revocationEndpoint: undefined, metadata: 'openid' }, 'revoked'],
    ['where more than the login could end', { revocationEnds: undefined }, 'not-allowed'],
  ])('to a provider %s', async (_which, change, revocation) => {
    const { endpoint } = asking('revoked', 'revoked');
    const provider = { ...revoking, ...change } as unknown as typeof revoking;
    expect(await revokeLogin(provider, client, both, endpoint)).toBe(revocation);
  });

  test.each([
    ['that a login replaced', ['old'], {}, ['refresh_token old']],
    [
      'of all logins that it replaced',
      ['old', 'new', 'held'],
      {},
      ['refresh_token old', 'refresh_token held'],
    ],
    ['unless there was none', [], {}, []],
    ['unless the login itself has ended it', ['old'], { loginEndsPreviousGrant: true }, []],
    ['unless it is the same', ['new'], {}, []],
  ])('%s', async (_which, replaced, change, expected) => {
    const { asked, endpoint } = asking('revoked', 'revoked');
    const provider = { ...revoking, ...change };
    const grants = replaced.map((token) => ({
      versionId: token,
      refreshToken: new Secret(token),
      obtainedAt: '2026-01-05T12:00:00.000Z',
      authorizedAt: '2026-01-05T12:00:00.000Z',
    }));
    const revocation = await revokeReplaced(provider, client, grants, new Secret('new'), endpoint);
    expect(revocation).toBe(expected.length > 0 ? 'revoked' : undefined);
    expect(asked).toEqual(expected);
  });
});

test('what a provider said, for the timeline and for operators', () => {
  expect(Object.keys(detailsOf({ error: 'e' }))).toEqual(['error']);
  expect(detailsOf({ error: 'e', description: 'd' })).toEqual({ error: 'e', description: 'd' });
  expect(errorOf('grant-doubted', schwab.provider, 'e')).toMatchObject({
    name: 'TokenEndpointUnavailableError',
    message: 'Charles Schwab gave no usable answer (e).',
  });
});

test('an access token lives as long as its answer says, or else as the provider’s data say', () => {
  const random = { uuid: () => v3, secret: () => '', hash: () => '' };
  const grant = { versionId: v1, authorizedAt: iso(nowMs) };
  const of = (change: object, limits: object = schwab.provider.limits) =>
    accessSecretOf(
      { ...schwab, provider: { ...schwab.provider, limits } },
      { ...tokenSet, ...change },
      nowMs,
      grant,
      random,
    );
  expect(of({}).expiresAt).toBe('2026-03-02T15:01:00.000Z');
  expect(of({ expiresInSeconds: undefined }).expiresAt).toBe('2026-03-02T15:30:00.000Z');
  expect(of({}).deadline).toBe('2026-03-09T15:00:00.000Z');
  expect(of({}, {}).deadline).toBeUndefined();
});
