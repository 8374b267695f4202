/** The step's outcome, the next decision and the metric. */
import { describe, expect, test } from '@jest/globals';

import { minuteMs, ms } from '../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');

describe('a refresh', () => {
  test('spends the refresh token once, and stores what comes back', async () => {
    const connection = await new OneConnection(startMs).connect();
    const before = await connection.grant();
    connection.later(25 * minuteMs);
    expect((await connection.check()).next).toMatchObject({ decision: 'refresh' });
    expect(await connection.refresh()).toMatchObject({
      outcome: 'refreshed',
      done: ['refresh'],
      next: { decision: 'none', reason: 'healthy' },
    });
    const after = await connection.grant();
    expect(after).toMatchObject({
      status: 'active',
      authorizedAtMs: startMs,
      refreshedAtMs: startMs + 25 * minuteMs,
      accessExpiresAtMs: startMs + 55 * minuteMs,
      fencingNumber: before.fencingNumber + 1,
    });
    expect(after.lease).toBeUndefined();
    expect(after.grantVersionId).not.toBe(before.grantVersionId);
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-4',
      accessToken: 'CANARY-access-5',
    });
    expect(connection.counts.at(-1)).toBe('RefreshesSucceeded');
  });

  test('of a token that does not rotate leaves the grant secret as it is', async () => {
    const connection = await new OneConnection(startMs, { rotates: false }).connect();
    const { grantVersionId } = await connection.grant();
    connection.later(25 * minuteMs);
    expect((await connection.refresh()).outcome).toBe('refreshed');
    expect((await connection.grant()).grantVersionId).toBe(grantVersionId);
  });

  test('is not made where the access token is fresh', async () => {
    const connection = await new OneConnection(startMs).connect();
    const before = await connection.stored();
    expect((await connection.refresh()).outcome).toBe('fresh');
    expect(await connection.stored()).toEqual(before);
  });

  test('that the provider rejects ends the grant', async () => {
    const connection = await new OneConnection(startMs).connect();
    connection.later(25 * minuteMs);
    connection.provider.endGrants(connectionId);
    expect(await connection.refresh()).toMatchObject({
      outcome: 'rejected',
      next: { decision: 'reauthorize', reason: 'rejected' },
    });
    expect((await connection.grant()).status).toBe('rejected');
    expect(connection.counts.at(-1)).toBe('RefreshesFailed rejected');
  });

  test.each([
    [
      'the provider is down',
      'TokenEndpointUnavailableError',
      (connection: OneConnection) => (connection.provider.isDown = true),
    ],
    [
      'the client is refused',
      'ClientRejectedError',
      (connection: OneConnection) => connection.provider.changeClientSecret(),
    ],
  ])('fails while %s, and releases the lease', async (_, name, happens) => {
    const connection = await new OneConnection(startMs).connect();
    const before = await connection.stored();
    connection.later(25 * minuteMs);
    happens(connection);
    await expect(connection.refresh()).rejects.toMatchObject({ name });
    expect((await connection.grant()).lease).toBeUndefined();
    expect((await connection.grant()).status).toBe('active');
    expect(await connection.stored()).toEqual(before);
    expect(connection.counts.at(-1)).toBe(`RefreshesFailed ${name}`);
  });
});

test('a login that stored nothing is lost once its lease has expired, even before its callback must have ended', async () => {
  const connection = await new OneConnection(startMs).connect();
  connection.later(25 * minuteMs);
  await connection.patch({
    login: {
      versionId: '11111111-2222-4333-8444-555555555555',
      authorizationId: 'a',
      atMs: connection.nowMs - 76_000,
    },
  });
  expect(await connection.refresh()).toMatchObject({ outcome: 'login-lost', done: [] });
});
