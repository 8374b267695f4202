/** A check completes a login whose callback died, or could not tell whose it was. */
import { describe, expect, test } from '@jest/globals';

import type { RecoverLoginPorts } from '../../../app/login/recover-login.ts';
import { recoverLogin } from '../../../app/login/recover-login.ts';
import { newGrant } from '../../../core/grant.ts';
import { presets } from '../../../core/provider.ts';
import { Secret } from '../../../core/secret.ts';
import type { GrantSecret } from '../../../core/stored-tokens.ts';
import type { TokenAnswer } from '../../../core/token-answer.ts';
import { iso, loggedIn, minuteMs, ms, schwab } from '../../helpers/core-samples.ts';
import { client, firstTokens, KeptGrant } from '../../helpers/kept-grant.ts';
import { connectionId, OneConnection, withLoginLink } from '../../helpers/one-connection.ts';
import type { Ports } from '../../simulation/cloud.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const newer = '99999999-2222-4333-8444-555555555555';

/** A connection that was logged in, and whose second login died where it called one of these. */
async function diedAt(...methods: (keyof Ports['tokens'])[]) {
  const connection = await new OneConnection(startMs).connect();
  const before = await connection.grant();
  connection.later(minuteMs);
  await connection.request('reauthorize');
  await connection.dies(await connection.logIn(), ...methods);
  connection.later(2 * minuteMs);
  const { login } = await connection.grant();
  return { connection, before, login: login! };
}

const asked = () => withLoginLink(startMs);

describe('a first login whose callback died', () => {
  test('after its tokens were put: a later check stores and completes the login', async () => {
    const { connection, taskToken } = await asked();
    const back = await connection.logIn();
    await connection.dies(back, 'putAccess', 'moveCurrent');
    expect(connection.resumed).toEqual([]);
    connection.later(2 * minuteMs);
    expect((await connection.check()).next).toEqual({
      decision: 'refresh',
      reason: 'login-interrupted',
    });
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect(await connection.grant()).toMatchObject({ status: 'active', authorizedAtMs: startMs });
    expect((await connection.grant()).login).toBeUndefined();
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-2');
    expect(connection.resumed).toEqual([{ taskToken, resumption: { outcome: 'completed', done: [] } }]);
  });

  test('before it: the login is lost, and the link goes on working', async () => {
    const { connection } = await asked();
    const back = await connection.logIn();
    await connection.dies(back, 'putGrant');
    connection.later(2 * minuteMs);
    expect((await connection.refresh()).outcome).toBe('login-lost');
    expect((await connection.grant()).login).toBeUndefined();
    await connection.return(await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
  });
});

describe('the recovery of a login', () => {
  test('whose refresh token alone was put: it is stored, and a refresh is due', async () => {
    const { connection, before, login } = await diedAt('putAccess', 'moveCurrent');
    expect(await connection.grant()).toMatchObject({
      unrecordedLogins: [login.versionId],
      grantVersionId: before.grantVersionId,
    });
    expect(await connection.refresh()).toMatchObject({ outcome: 'login-recovered', done: [] });
    const after = await connection.grant();
    expect(after).toMatchObject({
      status: 'active',
      grantVersionId: login.versionId,
      authorizedAtMs: startMs + minuteMs,
      refreshedAtMs: startMs + minuteMs,
      // The access token of the login before it is none of its own.
      accessExpiresAtMs: startMs + minuteMs,
    });
    expect([after.lease, after.login, after.unrecordedLogins, after.authorization]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
    // The login itself has ended the grant before it.
    expect(connection.happened('grant-replaced')).toEqual([]);
  });

  test('where what is current holds no token, as after Disconnect', async () => {
    const { connection, login } = await diedAt('moveCurrent');
    const { tokens } = connection.ports;
    const readGrant: typeof tokens.readGrant = async (id) => ({
      ...(await tokens.readGrant(id)),
      current: undefined,
    });
    const { outcome } = await connection.with({ tokens: { readGrant } }, () => connection.refresh());
    expect(outcome).toBe('login-recovered');
    expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(login.versionId);
    expect(connection.happened('grant-replaced')).toEqual([]);
  });

  test('whose tokens were both put: both are stored', async () => {
    const { connection, login } = await diedAt('moveCurrent');
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect(await connection.grant()).toMatchObject({
      grantVersionId: login.versionId,
      accessExpiresAtMs: startMs + 31 * minuteMs,
    });
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-5',
      accessToken: 'CANARY-access-6',
    });
  });

  test('whose callback died after it had moved AWSCURRENT revokes the previous grant', async () => {
    const provider = {
      ...presets.schwab!,
      identity: undefined,
      loginEndsPreviousGrant: false,
      revocationEndpoint: 'https://provider.example.com/revoke',
      revocationEnds: 'login' as const,
    };
    const connection = await new OneConnection(startMs, {}, { provider }).connect();
    const { refreshToken } = await connection.stored();
    connection.later(minuteMs);
    await connection.request('reauthorize');
    await connection.dies(await connection.logIn(), 'putAccess');
    connection.later(2 * minuteMs);
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
    expect(connection.provider.honours(refreshToken!)).toBe(false);
    expect(connection.provider.honours('CANARY-refresh-5')).toBe(true);
    expect(connection.happened('grant-replaced')).toMatchObject([{ revocation: 'revoked' }]);
  });

  test('moves nothing once a newer login has begun', async () => {
    const { connection, before } = await diedAt('moveCurrent');
    const { tokens, grants } = connection.ports;
    let begun = false;
    const readGrantVersion: typeof tokens.readGrantVersion = async (...given) => {
      const found = await tokens.readGrantVersion(...given);
      const login = { versionId: newer, authorizationId: 'newer', atMs: connection.nowMs };
      if (!begun) expect(await grants.seizeLease(connectionId, 'callback#newer', login)).toBeDefined();
      begun = true;
      return found;
    };
    const { outcome } = await connection.with({ tokens: { readGrantVersion } }, () => connection.refresh());
    expect(outcome).toBe('dropped');
    expect((await tokens.readGrant(connectionId)).currentVersionId).toBe(before.grantVersionId);
    expect(await connection.grant()).toMatchObject({
      lease: { owner: 'callback#newer' },
      login: { versionId: newer },
      grantVersionId: before.grantVersionId,
    });
  });

  test('leaves what was refreshed from that login where it is', async () => {
    const { connection, before, login } = await diedAt('putAccess', 'moveCurrent');
    const { tokens } = connection.ports;
    const refreshed = {
      versionId: newer,
      refreshToken: new Secret('CANARY-refreshed'),
      obtainedAt: iso(startMs + 2 * minuteMs),
      authorizedAt: iso(startMs + minuteMs),
      derivedFrom: login.versionId,
    };
    await tokens.putGrant(connectionId, refreshed);
    expect(await tokens.moveCurrent(connectionId, 'grant', before.grantVersionId, newer)).toBe(true);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect((await connection.stored()).refreshToken).toBe('CANARY-refreshed');
  });

  test.each([
    ['of the login before it, though it was refreshed since', startMs, 2 * minuteMs, true],
    ['of that login, and older than its first', startMs + minuteMs, minuteMs - 1, true],
    ['of that login, and as old as its first', startMs + minuteMs, minuteMs, false],
  ])('where what is current is %s', async (_what, authorizedAtMs, obtainedAfterMs, isMoved) => {
    const { connection, before, login } = await diedAt('putAccess', 'moveCurrent');
    const { tokens } = connection.ports;
    await tokens.putGrant(connectionId, {
      versionId: newer,
      refreshToken: new Secret('CANARY-other'),
      obtainedAt: iso(startMs + obtainedAfterMs),
      authorizedAt: iso(authorizedAtMs),
    });
    await tokens.moveCurrent(connectionId, 'grant', before.grantVersionId, newer);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    const { currentVersionId } = await tokens.readGrant(connectionId);
    expect(currentVersionId).toBe(isMoved ? login.versionId : newer);
  });

  test('takes the older of two logins where the newer one has put nothing', async () => {
    const { connection, login } = await diedAt('moveCurrent');
    await connection.dies(await connection.logIn(), 'putGrant');
    const { login: second } = await connection.grant();
    expect((await connection.grant()).unrecordedLogins).toEqual([login.versionId, second!.versionId]);
    connection.later(2 * minuteMs);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect((await connection.grant()).grantVersionId).toBe(login.versionId);
  });

  test('of one that had recorded its tokens only resumes the waiting execution', async () => {
    const connection = await new OneConnection(startMs).deploy();
    const { taskToken } = await connection.request('reauthorize');
    const back = await connection.logIn();
    const setStatus = async () => {
      throw new Error('killed');
    };
    await expect(
      connection.with({ authorizations: { setStatus } }, () => connection.return(back)),
    ).rejects.toThrow('setStatus');
    const { login, ...recorded } = await connection.grant();
    expect(recorded).toMatchObject({ status: 'active' });
    expect(login?.closed).toMatchObject({ reason: 'first-login' });
    const before = await connection.stored();
    // As long as its callback may live it is that one's to complete.
    connection.later(90_000 - 1);
    expect((await connection.refresh()).outcome).toBe('fresh');
    expect(connection.resumed).toEqual([]);
    connection.later(1);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect(connection.resumed).toEqual([{ taskToken, resumption: { outcome: 'completed', done: [] } }]);
    expect((await connection.grant()).login).toBeUndefined();
    expect(await connection.stored()).toEqual(before);
  });

  test('of one that stored nothing releases the lease', async () => {
    const { connection, before } = await diedAt('putGrant');
    expect((await connection.refresh()).outcome).toBe('login-lost');
    const { lease, login, unrecordedLogins, grantVersionId } = await connection.grant();
    expect([lease, login, unrecordedLogins]).toEqual([undefined, undefined, undefined]);
    expect(grantVersionId).toBe(before.grantVersionId);
  });
});

const demoSettings = {
  connectionId: 'demo-main',
  provider: { revocationEndpoint: 'https://login.example.net/revoke', revocationEnds: 'login' },
  clientSecretName: 'client',
} as unknown as Parameters<typeof recoverLogin>[0];

/** Completes a login that nobody but a check can complete; answers which refresh tokens were revoked. */
async function revokedBy(authorizationId: string): Promise<string[]> {
  const login = { versionId: 'new', authorizationId, atMs: 0 };
  const record = { ...newGrant, login, unrecordedLogins: ['new'], fencingNumber: 1 };
  const secretOf = (versionId: string, token: string, obtainedAt: string): GrantSecret => ({
    versionId,
    refreshToken: new Secret(token),
    obtainedAt,
    authorizedAt: '2026-01-05T12:00:00.000Z',
  });
  const current = secretOf('old', 'refresh-1', '2026-01-05T12:00:00.000Z');
  const newest = secretOf('new', 'refresh-2', '2026-01-05T13:00:00.000Z');
  const nothing = async () => undefined;
  const revoked: string[] = [];
  const ports = {
    grants: {
      read: async () => ({ settings: demoSettings, grant: record }),
      recordTokens: async () => ({ ...record, login: { ...login, closed: {} } }),
      endLogin: nothing,
    },
    authorizations: { setStatus: nothing },
    tokens: {
      readGrant: async () => ({ currentVersionId: 'old', current }),
      readGrantVersion: async () => newest,
      readAccess: async () => ({}),
      moveCurrent: async () => true,
    },
    clients: { read: async () => client },
    revocationEndpoint: {
      revoke: async (_provider: unknown, _client: unknown, token: Secret) => {
        revoked.push(token.reveal());
        return 'revoked';
      },
    },
    workflow: { resume: nothing },
    events: { record: nothing },
    clock: { nowMs: () => 0 },
  } as unknown as RecoverLoginPorts;
  expect(await recoverLogin(demoSettings, record, { isBegun: false }, ports)).toBe('login-recovered');
  return revoked;
}

test('the token of another login is revoked; what an import replaces is not, for it may be of that very login', async () => {
  expect(await revokedBy('an-authorization')).toEqual(['refresh-1']);
  expect(await revokedBy('import')).toEqual([]);
});

const loginMs = ms('2026-01-05T12:00:00Z');
const tokensOf = (name: string) => ({
  accessToken: new Secret(`access-${name}`),
  tokenType: 'Bearer',
  expiresInSeconds: 1800,
  refreshToken: new Secret(`refresh-${name}`),
});

/** A grant that works, and a login beside it that is held. */
async function heldBeside(refresh: (refreshToken: string) => TokenAnswer) {
  const asked: string[] = [];
  const { provider } = schwab;
  const kept = new KeptGrant(
    { ...schwab, provider: { ...provider, loginEndsPreviousGrant: false } },
    {
      refresh: async (_provider, _client, refreshToken) => {
        asked.push(refreshToken.reveal());
        return refresh(refreshToken.reveal());
      },
      identify: async () => ({ kind: 'unavailable', error: 'HTTP 503' }),
    },
    loginMs,
  );
  kept.logIn(firstTokens(1800));
  kept.grant = { ...kept.grant, identity: { subject: 'dana' } };
  await kept.holdTokens(tokensOf('held'));
  return { kept, asked };
}

test('a provider that doubts the tokens of a held login does not keep the grant before it from being refreshed', async () => {
  const { kept, asked } = await heldBeside((refreshToken) =>
    refreshToken === 'refresh-held'
      ? { kind: 'refused', refusal: 'grant-doubted', error: 'invalid_grant' }
      : { kind: 'tokens', tokens: { ...tokensOf('2'), refreshToken: undefined } },
  );
  kept.nowMs = loginMs + 35 * minuteMs;
  await kept.check();
  expect(asked).toEqual(['refresh-held', 'refresh-1']);
  expect(kept.access.token).toBe('access-2');
});

test('doubt in a held login counts when a later check hears it again', async () => {
  const { kept } = await heldBeside((refreshToken) =>
    refreshToken === 'refresh-held'
      ? { kind: 'refused', refusal: 'grant-doubted', error: 'invalid_grant' }
      : { kind: 'refused', refusal: 'unavailable', error: 'HTTP 503' },
  );
  kept.nowMs = loginMs + 35 * minuteMs;
  expect((await kept.check()).outcome).toBe('TokenEndpointUnavailableError');
  expect(kept.grant.login).toMatchObject({ tokensHeld: true });
  kept.nowMs += 10 * minuteMs;
  expect((await kept.check()).outcome).toBe('login-lost');
  expect(kept.grant.login).toBeUndefined();
});

test('refused client credentials keep their own error during a held login', async () => {
  const { kept, asked } = await heldBeside(() => ({
    kind: 'refused',
    refusal: 'client-rejected',
    error: 'invalid_client',
  }));
  kept.nowMs = loginMs + 35 * minuteMs;
  expect((await kept.check()).outcome).toBe('ClientRejectedError');
  expect(asked).toEqual(['refresh-held', 'refresh-1']);
});

test('an outage of the identity endpoint does not use up the room that the grant before it needs', async () => {
  const { kept } = await heldBeside(() => ({
    kind: 'tokens',
    tokens: { ...tokensOf('2'), refreshToken: undefined },
  }));
  for (let tick = 1; tick <= 116; tick += 1) {
    kept.nowMs = loginMs + tick * 25 * minuteMs;
    expect((await kept.check()).outcome).toBe('TokenEndpointUnavailableError');
    expect(Date.parse(kept.access.expiresAt)).toBeGreaterThan(kept.nowMs);
  }
  expect(kept.grant.login).toMatchObject({ tokensHeld: true });
});

test.each([
  [false, []],
  [true, ['refresh-held']],
])(
  'the first version of a secret, which AWS makes current at once, is not used before its account is checked (killed: %s)',
  async (isKilled, askedToCheck) => {
    const asked: string[] = [];
    const kept = new KeptGrant(
      schwab,
      {
        refresh: async (_provider, _client, refreshToken) => {
          asked.push(refreshToken.reveal());
          return { kind: 'tokens', tokens: tokensOf('2') };
        },
        identify: async () => ({ kind: 'identity', identity: { subject: 'somebody-else' } }),
      },
      loginMs,
    );
    kept.grant = { ...loggedIn(loginMs), identity: { subject: 'dana' } };
    if (isKilled) kept.dieAtEmptying();
    await kept.holdTokens(tokensOf('held')).catch(() => undefined);
    if (!isKilled) expect(kept.accessSecret.read().current?.accessToken).toBeUndefined();
    kept.nowMs += 2 * minuteMs;
    expect((await kept.check()).outcome).toBe('IdentityError');
    kept.nowMs += 25 * minuteMs;
    expect((await kept.check()).outcome).toBe('ConfigurationError');
    expect(asked).toEqual(askedToCheck);
  },
);

test('a held login that was checked is refreshed as any other', async () => {
  const kept = new KeptGrant(
    schwab,
    {
      refresh: async () => ({ kind: 'tokens', tokens: { ...tokensOf('2'), refreshToken: undefined } }),
      identify: async () => ({ kind: 'identity', identity: {} }),
    },
    loginMs,
  );
  kept.logIn(firstTokens(1800));
  kept.nowMs += minuteMs;
  await kept.holdTokens(tokensOf('held'));
  expect((await kept.check()).outcome).toBe('login-recovered');
  expect(kept.refreshToken).toBe('refresh-held');
  kept.grant = { ...kept.grant, login: undefined, unrecordedLogins: undefined };
  kept.nowMs += 25 * minuteMs;
  expect((await kept.check()).outcome).toBe('refreshed');
  expect(kept.access.token).toBe('access-2');
});
