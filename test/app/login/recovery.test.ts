/** A check completes a login whose callback died, or could not tell whose it was. */
import { describe, expect, test } from '@jest/globals';

import { presets } from '../../../core/provider.ts';
import { Secret } from '../../../core/secret.ts';
import type { Ports } from '../../simulation/cloud.ts';
import { iso, minuteMs, ms } from '../../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../../helpers/one-connection.ts';

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

  test('whose callback died after it had moved AWSCURRENT gives the grant before it back', async () => {
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

  test('of one that had recorded its tokens only resumes whoever waits', async () => {
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

  test('of one that put nothing gives the lease back', async () => {
    const { connection, before } = await diedAt('putGrant');
    expect((await connection.refresh()).outcome).toBe('login-lost');
    const { lease, login, unrecordedLogins, grantVersionId } = await connection.grant();
    expect([lease, login, unrecordedLogins]).toEqual([undefined, undefined, undefined]);
    expect(grantVersionId).toBe(before.grantVersionId);
  });
});
