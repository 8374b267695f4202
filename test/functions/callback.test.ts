/** The callback's page, its metric, and what it stores. */
import { describe, expect, test } from '@jest/globals';

import { hourMs, iso, minuteMs, ms } from '../helpers/core-samples.ts';
import type { OneConnection, WayBack } from '../helpers/one-connection.ts';
import { connectionId, withLoginLink } from '../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const asked = () => withLoginLink(startMs);

describe('a first login', () => {
  test('stores both tokens, records the grant, and resumes the waiting execution', async () => {
    const { connection, taskToken } = await asked();
    expect(await connection.grant()).toMatchObject({
      status: 'never-authorized',
      authorization: { reason: 'first-login', expiresAtMs: ms('2026-03-03T15:00:00Z') },
    });
    connection.later(5 * minuteMs);
    const back = await connection.logIn();
    connection.later(1000);
    expect(await connection.return(back)).toMatchObject({ statusCode: 200 });
    const loggedInAtMs = ms('2026-03-02T15:05:01Z');
    const { grantVersionId, accessVersionId, ...grant } = await connection.grant();
    expect(grant).toEqual({
      status: 'active',
      authorizedAtMs: loggedInAtMs,
      refreshedAtMs: loggedInAtMs,
      grantObtainedAtMs: loggedInAtMs,
      otherWritesAtMs: [loggedInAtMs],
      accessExpiresAtMs: loggedInAtMs + 30 * minuteMs,
      identity: {},
      sentReminders: [],
      restoredNoticePending: false,
      notifiedAtMs: startMs,
      emailReachedAtMs: startMs,
      fencingNumber: 1,
      paused: false,
      setUp: false,
    });
    const { tokens } = connection.ports;
    expect(await tokens.readGrant(connectionId)).toMatchObject({
      currentVersionId: grantVersionId,
      current: { obtainedAt: iso(loggedInAtMs), authorizedAt: iso(loggedInAtMs) },
    });
    expect(await tokens.readAccess(connectionId)).toMatchObject({
      currentVersionId: accessVersionId,
      current: {
        derivedFrom: grantVersionId,
        expiresAt: '2026-03-02T15:35:01.000Z',
        deadline: '2026-03-09T15:05:01.000Z',
        panelUrl: 'https://grants.example.com/panel/connections/main',
      },
    });
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-2',
      accessToken: 'CANARY-access-3',
    });
    expect(connection.resumed).toEqual([{ taskToken, resumption: { outcome: 'completed', done: [] } }]);
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
    expect(connection.events()).toEqual(['asked', 'completed', 'started']);
  });

  test('is complete where the page is loaded again', async () => {
    const { connection } = await asked();
    const back = await connection.logIn();
    await connection.return(back);
    const grant = await connection.grant();
    const again = await connection.return(back);
    expect(again.statusCode).toBe(200);
    expect(again.body).toContain('Done');
    expect(await connection.grant()).toEqual(grant);
    expect(connection.resumed).toHaveLength(1);
  });
});

describe('a callback is refused, and stores nothing', () => {
  test.each<
    [string, string, number, (back: WayBack, connection: OneConnection) => WayBack | Promise<WayBack>]
  >([
    [
      'without a state',
      'CallbacksFailed not-ours',
      400,
      ({ cookie }) => ({ query: new URLSearchParams('code=c'), cookie }),
    ],
    [
      'with two states',
      'CallbacksFailed not-ours',
      400,
      ({ query, cookie }) => ({
        query: new URLSearchParams([...query, ['state', query.get('state')!]]),
        cookie,
      }),
    ],
    [
      'with a state that was never given',
      'CallbacksFailed not-ours',
      400,
      ({ query, cookie }) => {
        const state = query.get('state')!.replace(/.{3}$/, 'xxx');
        return { query: new URLSearchParams({ state, code: query.get('code')! }), cookie };
      },
    ],
    [
      'from a browser without the cookie',
      'CallbacksRefused other-browser',
      400,
      ({ query }) => ({ query, cookie: undefined }),
    ],
    [
      'from a browser with another cookie',
      'CallbacksRefused other-browser',
      400,
      ({ query }) => ({ query, cookie: 'x'.repeat(43) }),
    ],
    [
      'after its cookie has ended',
      'CallbacksFailed too-late',
      410,
      ({ query }, connection) => {
        connection.later(hourMs);
        return { query, cookie: undefined };
      },
    ],
    [
      'after its link has ended and a quarter of an hour',
      'CallbacksFailed too-late',
      410,
      (back, connection) => {
        connection.later(24 * hourMs);
        return back;
      },
    ],
  ])('%s', async (_, count, statusCode, change) => {
    const { connection } = await asked();
    const back = await change(await connection.logIn(), connection);
    expect(await connection.return(back)).toMatchObject({ statusCode });
    expect(connection.counts.at(-1)).toBe(count);
    expect(await connection.stored()).toEqual({});
    expect(await connection.grant()).toMatchObject({ status: 'never-authorized', fencingNumber: 0 });
    expect(connection.resumed).toEqual([]);
  });

  test('when the owner declines, and the link still works', async () => {
    const { connection } = await asked();
    const { query, cookie } = await connection.logIn();
    const declined = new URLSearchParams({ state: query.get('state')!, error: 'access_denied' });
    await connection.return({ query: declined, cookie });
    expect(connection.counts.at(-1)).toBe('CallbacksFailed declined');
    expect(await connection.stored()).toEqual({});
    expect(connection.events()).toEqual(['asked', 'declined', 'started']);
    await connection.return(await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
  });

  test('when its code has expired, and releases the lease', async () => {
    const { connection } = await asked();
    const back = await connection.logIn();
    connection.later(31_000);
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe('CallbacksFailed code-refused');
    const grant = await connection.grant();
    expect(grant.lease).toBeUndefined();
    expect(grant.login).toBeUndefined();
    expect(grant.status).toBe('never-authorized');
    expect(connection.events()).toEqual(['asked', 'exchange-failed', 'started']);
  });

  test('while the client is refused alerts the operators', async () => {
    const { connection } = await asked();
    const back = await connection.logIn();
    connection.provider.changeClientSecret();
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe('CallbacksFailed operator-must-act');
    expect(connection.started.at(-1)).toMatchObject({
      name: 'report',
      input: { report: { step: 'Callback', error: 'ClientRejectedError' } },
    });
  });
});

test('the outcome of a login is counted once', async () => {
  const { connection } = await asked();
  const counted: string[][] = [];
  const count = (...given: string[]) => void counted.push(given);
  await connection.with({ metrics: { count } }, async () => connection.return(await connection.logIn()));
  expect(counted).toEqual([['CallbacksCompleted', 'outcome', 'first']]);
});
