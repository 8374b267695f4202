/** A login whose account could not be checked when it came: what later checks do with it. */
import { describe, expect, test } from '@jest/globals';

import { StoreUnavailableError } from '../../../core/errors.ts';
import type { Identity } from '../../../core/identity.ts';
import type { Provider } from '../../../core/provider.ts';
import { presets } from '../../../core/provider.ts';
import { hourMs, minuteMs, ms } from '../../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const heldAtMs = startMs + minuteMs;
const revoking: Partial<Provider> = {
  revocationEndpoint: 'https://provider.example.com/revoke',
  revocationEnds: 'login',
};

/** Connected, and with a second login that is held, a minute later. */
async function held(change: Partial<Provider> = {}, traits = {}) {
  const provider = { ...presets.schwab!, loginEndsPreviousGrant: false, ...change };
  const connection = await new OneConnection(startMs, traits, { provider }).connect();
  const before = { grant: await connection.grant(), stored: await connection.stored() };
  connection.later(minuteMs);
  await connection.request('reauthorize');
  connection.provider.isIdentityDown = true;
  await connection.return(await connection.logIn());
  const { login } = await connection.grant();
  expect(login?.tokensHeld).toBe(true);
  connection.provider.isIdentityDown = false;
  return { connection, before, login: login! };
}

describe('a held login', () => {
  test('is stored once the provider says that it is the owner’s', async () => {
    const { connection, before, login } = await held();
    connection.later(minuteMs);
    expect((await connection.check()).next).toMatchObject({ decision: 'refresh' });
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    const after = await connection.grant();
    expect(after).toMatchObject({
      identity: before.grant.identity,
      grantVersionId: login.versionId,
      accessVersionId: login.versionId,
      authorizedAtMs: heldAtMs,
      accessExpiresAtMs: heldAtMs + 30 * minuteMs,
    });
    expect([after.login, after.lease, after.unrecordedLogins]).toEqual([undefined, undefined, undefined]);
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-5',
      accessToken: 'CANARY-access-6',
    });
    expect(connection.happened('grant-replaced')).toMatchObject([{ revocation: 'not-offered' }]);
  });

  test('revokes the grant that it replaces', async () => {
    const { connection, before } = await held(revoking);
    await connection.refresh();
    expect(connection.provider.honours(before.stored.refreshToken!)).toBe(false);
    expect(connection.happened('grant-replaced')).toMatchObject([{ revocation: 'revoked' }]);
  });

  test.each<[string, Identity, string, string, string]>([
    [
      'of somebody else',
      { subject: 'mallory' },
      'other',
      'IdentityError',
      'Somebody logged in to Charles Schwab who is not the owner of this connection. Their tokens are not used. If that is intended, run grantkeeper reauthorize with --new-owner.',
    ],
    [
      'of an unnamed person',
      {},
      'unknown',
      'IdentityUnknownError',
      'Charles Schwab did not say whose login it was, but an account is pinned. Its tokens are not used.',
    ],
  ])('%s is revoked and not stored', async (_whose, identity, verdict, name, message) => {
    const { connection, before, login } = await held(revoking);
    const identify = async () => ({ kind: 'identity', identity }) as const;
    const refreshed = connection.with({ tokenEndpoint: { identify } }, () => connection.refresh());
    await expect(refreshed).rejects.toMatchObject({ name, message });
    const after = await connection.grant();
    expect([after.login, after.lease, after.unrecordedLogins]).toEqual([undefined, undefined, undefined]);
    expect(after.identity).toEqual(before.grant.identity);
    expect(await connection.stored()).toEqual(before.stored);
    expect(connection.provider.honours('CANARY-refresh-5')).toBe(false);
    expect(connection.happened('identity-refused')).toMatchObject([
      { authorizationId: login.authorizationId, verdict, revocation: 'revoked' },
    ]);
    const authorization = await connection.ports.authorizations.read(connectionId, login.authorizationId);
    expect(authorization?.status).toBe('started');
    expect(connection.counts.at(-1)).toBe(`RefreshesFailed ${name}`);
  });

  test.each([
    ['completes', false, 0],
    ['is held as well', true, 0],
    ['is held as well, after a refresh of the first', true, 31 * minuteMs],
  ])('is revoked where a newer one %s', async (_what, tokensHeld, afterMs) => {
    const { connection, before } = await held(revoking);
    connection.provider.isIdentityDown = true;
    connection.later(afterMs + minuteMs);
    if (afterMs > 0) await connection.refresh().catch(() => undefined);
    const { tokens } = connection.ports;
    const { unrecordedLogins } = await connection.grant();
    const overtaken = await tokens.readGrantVersion(connectionId, unrecordedLogins!.at(-1)!);
    connection.provider.isIdentityDown = tokensHeld;
    await connection.return(await connection.logIn());
    connection.provider.isIdentityDown = false;
    connection.later(2 * minuteMs);
    if (tokensHeld) expect((await connection.refresh()).outcome).toBe('login-recovered');
    const { refreshToken } = await connection.stored();
    expect(refreshToken).not.toBe(before.stored.refreshToken);
    expect(connection.provider.honours(refreshToken!)).toBe(true);
    expect(connection.provider.honours(before.stored.refreshToken!)).toBe(false);
    expect(connection.provider.honours(overtaken!.refreshToken.reveal())).toBe(false);
    expect(connection.happened('grant-replaced')).toMatchObject([{ revocation: 'revoked' }]);
  });

  const asMallory = {
    tokenEndpoint: {
      identify: async () => ({ kind: 'identity', identity: { subject: 'mallory' } }) as const,
    },
  };

  test.each([
    ['is revoked', { revocationEndpoint: 'revoke' }],
    ['has its event', { events: 'record' }],
    ['is ended', { grants: 'endLogin' }],
  ] as const)(
    'of somebody else is refused by a later check if the first one dies before it %s',
    async (_what, at) => {
      const { connection, before } = await held(revoking);
      const [[port, method]] = Object.entries(at) as [[keyof typeof connection.ports, string]];
      const dies = async () => {
        throw new Error('killed');
      };
      const run = connection.with({ ...asMallory, [port]: { [method]: dies } }, () => connection.refresh());
      await expect(run).rejects.toThrow('killed');
      // What the provider would say of tokens that it has taken back decides nothing any more.
      connection.provider.isIdentityDown = true;
      connection.later(75_001);
      await expect(connection.refresh()).rejects.toMatchObject({ name: 'IdentityError' });
      expect(connection.provider.honours('CANARY-refresh-5')).toBe(false);
      expect(connection.happened('identity-refused')).toContainEqual(
        expect.objectContaining({ verdict: 'other', revocation: 'revoked' }),
      );
      const after = await connection.grant();
      expect([after.login, after.unrecordedLogins]).toEqual([undefined, undefined]);
      expect(await connection.stored()).toEqual(before.stored);
    },
  );

  test.each([
    [true, [{ connectionId, trigger: 'link', force: 'refresh' }]],
    [false, []],
  ])(
    'of somebody else refreshes the previous grant at once, if a login ends that (%s)',
    async (loginEndsPreviousGrant, asked) => {
      const { connection } = await held({ loginEndsPreviousGrant });
      const startedBefore = connection.started.length;
      const refreshed = connection.with(asMallory, () => connection.refresh());
      await expect(refreshed).rejects.toMatchObject({ name: 'IdentityError' });
      expect(connection.started.slice(startedBefore).map(({ input }) => input)).toEqual(asked);
    },
  );

  test('waits while the provider does not answer, and the previous grant is refreshed', async () => {
    const { connection, before, login } = await held();
    connection.provider.isIdentityDown = true;
    connection.later(25 * minuteMs);
    await expect(connection.refresh()).rejects.toMatchObject({
      name: 'TokenEndpointUnavailableError',
      message:
        'Charles Schwab could not be asked whose login it was (HTTP 503). Its tokens are kept until then.',
    });
    expect((await connection.grant()).login).toEqual(login);
    expect(await connection.grant()).toMatchObject({
      authorizedAtMs: startMs,
      accessExpiresAtMs: startMs + 56 * minuteMs,
    });
    expect(await connection.stored()).not.toEqual(before.stored);
  });

  test.each<[string, Partial<Provider>, { status?: 'rejected' }]>([
    ['a login ends', { loginEndsPreviousGrant: true }, {}],
    ['is rejected', {}, { status: 'rejected' }],
  ])('waits, and the grant before it is left alone where it %s', async (_why, provider, change) => {
    const { connection, before } = await held(provider);
    await connection.patch(change);
    connection.provider.isIdentityDown = true;
    connection.later(25 * minuteMs);
    await expect(connection.refresh()).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    expect(await connection.stored()).toEqual(before.stored);
    expect((await connection.grant()).lease).toBeUndefined();
  });

  test('waits, and the grant before it is left alone where a newer login has begun', async () => {
    const { connection, before } = await held();
    connection.later(25 * minuteMs);
    const { grants } = connection.ports;
    const identify = async () => {
      const login = { versionId: 'newer', authorizationId: 'newer', atMs: connection.nowMs };
      await grants.seizeLease(connectionId, 'callback#newer', login);
      return { kind: 'unavailable', error: 'HTTP 503' } as const;
    };
    const refreshed = connection.with({ tokenEndpoint: { identify } }, () => connection.refresh());
    await expect(refreshed).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    expect(connection.provider.honours(before.stored.refreshToken!)).toBe(true);
  });

  test('is kept while it cannot be read yet', async () => {
    const { connection, login } = await held();
    const readGrantVersion = async () => undefined;
    const refreshed = connection.with({ tokens: { readGrantVersion } }, () => connection.refresh());
    await expect(refreshed).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: `The login ${login.versionId} to main cannot be read yet.`,
    });
    expect((await connection.grant()).login).toEqual(login);
    connection.later(75_001);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
  });

  test.each([
    ['AWSCURRENT has moved', { tokens: { moveCurrent: async () => false } }],
    ['the record has changed', { grants: { recordTokens: async () => undefined } }],
  ])('is dropped where %s', async (_what, changes) => {
    const { connection } = await held();
    const { outcome } = await connection.with(changes, () => connection.refresh());
    expect(outcome).toBe('dropped');
    expect((await connection.grant()).grantVersionId).not.toBe('CANARY-refresh-5');
    expect((await connection.grant()).login).toBeDefined();
  });
});

describe('a held login whose access token has ended', () => {
  async function ended(change: Partial<Provider> = {}, traits = {}) {
    const all = await held(change, traits);
    all.connection.later(30 * minuteMs);
    return all;
  }

  test('is not asked with it; a millisecond before, it is', async () => {
    const { connection } = await held();
    connection.later(30 * minuteMs - 1);
    await connection.refresh();
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
  });

  test('is refreshed for the question, and what comes back is stored', async () => {
    const { connection, before, login } = await ended();
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-7',
      accessToken: 'CANARY-access-8',
    });
    const after = await connection.grant();
    expect(after).toMatchObject({
      identity: before.grant.identity,
      authorizedAtMs: heldAtMs,
      refreshedAtMs: heldAtMs + 30 * minuteMs,
      accessExpiresAtMs: heldAtMs + hourMs,
      refreshesAtMs: [heldAtMs + 30 * minuteMs],
    });
    expect(after.grantVersionId).toBe(after.accessVersionId);
    const { current } = await connection.ports.tokens.readGrant(connectionId);
    expect(current).toMatchObject({ derivedFrom: login.versionId, unverified: true });
  });

  test('is not refreshed again where the question fails', async () => {
    const { connection, login } = await ended();
    await connection.patch({ status: 'rejected' });
    connection.provider.isIdentityDown = true;
    await expect(connection.refresh()).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    const { unrecordedLogins, lease } = await connection.grant();
    expect(unrecordedLogins).toHaveLength(2);
    expect(unrecordedLogins![0]).toBe(login.versionId);
    expect(lease).toBeDefined();
    connection.later(75_001);
    connection.provider.isIdentityDown = false;
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect((await connection.grant()).grantVersionId).toBe(unrecordedLogins![1]);
    expect((await connection.stored()).accessToken).toBe('CANARY-access-8');
  });

  test.each([false, true])(
    'has three versions noted, however often it is refreshed (rotating: %s)',
    async (rotates) => {
      const { connection, login } = await held({}, { rotates });
      connection.provider.isIdentityDown = true;
      for (let refreshes = 0; refreshes < 6; refreshes += 1) {
        connection.later(31 * minuteMs);
        await connection.refresh().catch(() => undefined);
        const { unrecordedLogins } = await connection.grant();
        expect(unrecordedLogins![0]).toBe(login.versionId);
        expect(unrecordedLogins!.length).toBeLessThanOrEqual(3);
      }
      expect((await connection.grant()).unrecordedLogins).toHaveLength(3);
      connection.provider.isIdentityDown = false;
      connection.later(76_000);
      expect((await connection.refresh()).outcome).toBe('login-recovered');
    },
  );

  test('is asked with the newest token that was refreshed for it, though the grant before it was refreshed since', async () => {
    const { connection, login } = await ended({}, { rotates: false });
    connection.provider.isIdentityDown = true;
    for (let round = 0; round < 2; round += 1) {
      if (round > 0) connection.later(31 * minuteMs);
      await expect(connection.refresh()).rejects.toMatchObject({ name: 'TokenEndpointUnavailableError' });
    }
    connection.later(2 * minuteMs);
    connection.provider.isIdentityDown = false;
    const { unrecordedLogins, refreshesAtMs } = await connection.grant();
    expect(unrecordedLogins).toHaveLength(3);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    const after = await connection.grant();
    expect(after.refreshesAtMs).toEqual(refreshesAtMs);
    expect(after.grantVersionId).toBe(login.versionId);
  });

  test('waits after too many requests, and while the provider does not answer', async () => {
    const { connection, login } = await ended();
    const requestedAtMs = Array.from({ length: 4 }, () => connection.nowMs);
    const accessExpiresAtMs = connection.nowMs + hourMs;
    await connection.patch({ status: 'rejected', requestedAtMs, accessExpiresAtMs });
    await expect(connection.refresh()).rejects.toMatchObject({
      message:
        'Charles Schwab could not be asked whose login it was (too many refreshes within a day). Its tokens are kept until then.',
    });
    await connection.patch({ requestedAtMs: [] });
    connection.provider.isDown = true;
    await expect(connection.refresh()).rejects.toMatchObject({
      message: 'Charles Schwab gave no usable answer (HTTP 503).',
    });
    const after = await connection.grant();
    expect(after.login).toEqual(login);
    expect(after).not.toHaveProperty('doubtedAtMs');
  });

  test.each([false, true])('keeps a refresh token that does not rotate (repeated: %s)', async (repeats) => {
    const { connection, login } = await ended({}, { rotates: false, repeatsRefreshToken: repeats });
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    const { grantVersionId, accessVersionId } = await connection.grant();
    expect(grantVersionId).toBe(login.versionId);
    expect(accessVersionId).not.toBe(login.versionId);
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
    expect((await connection.stored()).accessToken).toBe('CANARY-access-7');
  });

  test('is lost where the provider rejects it', async () => {
    const { connection, before } = await ended();
    connection.provider.endGrants(connectionId);
    expect((await connection.refresh()).outcome).toBe('login-lost');
    expect((await connection.grant()).login).toBeUndefined();
    expect(await connection.stored()).toEqual(before.stored);
  });

  test('stays where the client is refused', async () => {
    const { connection, login } = await ended();
    connection.provider.changeClientSecret();
    await expect(connection.refresh()).rejects.toMatchObject({
      name: 'ClientRejectedError',
      message: "Charles Schwab refused the client's credentials (invalid_client).",
    });
    const { lease, login: now } = await connection.grant();
    expect([lease, now]).toEqual([undefined, login]);
  });

  test.each([
    ['written down', { recordLoginVersions: async () => false }],
    ['counted', { recordWrites: async () => false }],
  ])('spends nothing where it cannot be %s any more', async (_what, grants) => {
    const { connection } = await ended();
    await expect(connection.with({ grants }, () => connection.refresh())).rejects.toMatchObject({
      name: 'LeaseHeldError',
      message: 'A newer login to main has begun.',
    });
    expect(connection.provider.honours('CANARY-refresh-5')).toBe(true);
  });

  test('keeps its lease where what came back may not be stored', async () => {
    const { connection } = await ended();
    const putGrant = async () => {
      throw new StoreUnavailableError('no answer');
    };
    await expect(connection.with({ tokens: { putGrant } }, () => connection.refresh())).rejects.toMatchObject(
      {
        name: 'StoreUnavailableError',
      },
    );
    expect((await connection.grant()).lease).toBeDefined();
  });
});
