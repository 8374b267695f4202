/** How a login's tokens are stored over those before them. */
import { describe, expect, test } from '@jest/globals';

import type { GrantSecret } from '../../../core/stored-tokens.ts';
import { Secret } from '../../../core/secret.ts';
import { storeLogin } from '../../../app/login/store-login.ts';
import { iso, minuteMs, ms } from '../../helpers/core-samples.ts';
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

  test('over a version without a token', async () => {
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

  test('under tokens that were refreshed from it', async () => {
    const { connection, store, replace, askedAtMs } = await answered();
    await replace({ authorizedAt: iso(askedAtMs), obtainedAt: iso(askedAtMs + 1), derivedFrom: v1 });
    expect(await store()).toMatchObject({ grantVersionId: v1 });
    expect(await connection.stored()).toMatchObject({ refreshToken: 'refresh-other' });
  });

  test('unless a newer login began before its tokens were put', async () => {
    const { connection, store, takeOver } = await answered();
    const before = await connection.stored();
    await takeOver();
    expect(await store()).toBeUndefined();
    expect(await connection.stored()).toEqual(before);
  });

  test.each(['grant', 'access'] as const)(
    'unless a newer login begins while its %s secret moves',
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
