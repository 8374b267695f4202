/** The link in a message: what its page says, and how a login begins. */
import { describe, expect, test } from '@jest/globals';

import type { Authorization } from '../../core/authorization.ts';
import { newGrant } from '../../core/grant.ts';
import type { Grant } from '../../core/grant.ts';
import { presets } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import type { ReauthorizePorts } from '../../functions/reauthorize/reauthorize.ts';
import { dayMs, loggedIn, minuteMs, ms, schwab } from '../helpers/core-samples.ts';
import type { OneConnection } from '../helpers/one-connection.ts';
import { connectionId, withLoginLink } from '../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');

async function asked(settings: Partial<Settings> = {}) {
  const { connection } = await withLoginLink(startMs, settings);
  const path = new URL(connection.links[0]!).pathname;
  const [, , , authorizationId] = path.split('/') as [string, string, string, string];
  return { connection, path, authorizationId };
}

describe('a page of no link', () => {
  test.each([
    ['that is not well formed', () => '/reauthorize/main'],
    [
      'of an authorization that is not there',
      (path: string) => path.replace(/[^/]{20}(?=\/[^/]*$)/, 'x'.repeat(20)),
    ],
    ['whose secret is another one', (path: string) => path.replace(/[^/]*$/, 'x'.repeat(43))],
  ])('%s', async (_what, change) => {
    const { connection, path } = await asked();
    const page = await connection.page('GET', change(path));
    expect(page.statusCode).toBe(404);
    expect(page.body).toContain('This link is not valid');
    expect(page.body).toContain('Mail programs sometimes cut long links');
  });

  test('is given twenty times in ten minutes; then no link works for its network', async () => {
    const { connection, path } = await asked();
    const wrong = path.replace(/[^/]*$/, 'x'.repeat(43));
    for (let guess = 0; guess < 20; guess += 1) {
      expect((await connection.page('GET', wrong)).statusCode).toBe(404);
      connection.later(1);
    }
    const page = await connection.page('GET', path);
    expect(page.statusCode).toBe(429);
    expect(page.headers['retry-after']).toBe('600');
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.body).toContain('Too many attempts');
    expect(page.body).toContain('Please wait ten minutes');
    const requestContext = { http: { method: 'GET', sourceIp: '198.51.100.7' } };
    const request = { rawPath: path, rawQueryString: '', headers: {}, requestContext };
    expect((await reauthorize(request, connection.ports)).statusCode).toBe(200);
    connection.later(10 * minuteMs);
    expect((await connection.page('GET', path)).statusCode).toBe(200);
  });
});

test('a page of another site presses no button, and uses up no attempt', async () => {
  const { connection, path } = await asked();
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' };
  for (let times = 0; times < 21; times += 1) {
    const page = await connection.page('GET', path.replace(/[^/]*$/, 'x'.repeat(43)), '', undefined, cross);
    expect(page.statusCode).toBe(403);
    expect(page.body).toContain('Another site sent you here');
    expect(page.body).toContain('Nothing was changed');
  }
  expect(
    (await connection.page('POST', path, '', undefined, { origin: 'https://x.example' })).statusCode,
  ).toBe(403);
  const own = { origin: 'https://grants.example.com' };
  expect((await connection.page('POST', path, '', undefined, own)).statusCode).toBe(303);
});

test('the page of a link that works', async () => {
  const { connection, path } = await asked();
  const { statusCode, body } = await connection.page('GET', path);
  expect(statusCode).toBe(200);
  expect(body).toContain('Log in to Charles Schwab');
  expect(body).toContain('<strong>main</strong>');
  expect(body).toContain('<form method="post"><button>Continue to Charles Schwab</button></form>');
  expect(body).toContain('Tue 3 Mar');
  expect((await connection.ports.authorizations.read(connectionId, path.split('/')[3]!))!.starts).toEqual({});
});

describe('a link that no longer works', () => {
  test('whose connection has left the configuration', async () => {
    const { connection, path } = await asked();
    const { grants } = connection.ports;
    const read: typeof grants.read = async (id) => ({ ...(await grants.read(id)), settings: undefined });
    const page = await connection.with({ grants: { read } }, () => connection.page('GET', path));
    expect(page.statusCode).toBe(410);
    expect(page.body).toContain('This connection was removed');
    expect(page.body).toContain('no longer in Grantkeeper’s configuration');
  });

  test.each<[string, (connection: OneConnection, id: string) => unknown, string, string]>([
    [
      'whose connection is being ended',
      (connection) => connection.patch({ disconnection: { atMs: startMs } }),
      'This connection was disconnected',
      'ask your Grantkeeper operator for a new link',
    ],
    [
      'that was superseded',
      (connection, id) => connection.ports.authorizations.setStatus(connectionId, id, 'superseded'),
      'A newer link was sent',
      'Only the newest link works',
    ],
    [
      'in whose place another one is open',
      (connection) =>
        connection.patch({
          authorization: { authorizationId: 'x', reason: 'reminder', expiresAtMs: startMs + dayMs },
        }),
      'A newer link was sent',
      'Only the newest link works',
    ],
    [
      'in whose place another one is open that waits to end others',
      (connection) =>
        connection.patch({
          authorization: {
            authorizationId: 'x',
            reason: 'reminder',
            expiresAtMs: startMs + dayMs,
            supersedes: [{ authorizationId: 'w', expiresAtMs: 0 }],
          },
        }),
      'A newer link was sent',
      'Only the newest link works',
    ],
    [
      'of a grant whose owner is not asked',
      (connection) => connection.patch({ authorization: undefined }),
      'A newer link was sent',
      'Only the newest link works',
    ],
    ['that has expired', (connection) => connection.later(dayMs), 'This link has expired', 'newer link'],
    [
      'that was ended by time',
      (connection, id) => connection.ports.authorizations.setStatus(connectionId, id, 'expired'),
      'This link has expired',
      'newer link',
    ],
    [
      'whose login is recorded',
      (connection) =>
        connection.patch({
          status: 'active',
          authorization: undefined,
          authorizedAtMs: startMs,
          refreshedAtMs: startMs,
          accessExpiresAtMs: startMs + dayMs,
        }),
      'You have logged in already',
      'You need not do anything',
    ],
  ])('%s', async (_what, happens, title, body) => {
    const { connection, path, authorizationId } = await asked();
    await happens(connection, authorizationId);
    for (const method of ['GET', 'POST']) {
      const page = await connection.page(method, path);
      expect(page.statusCode).toBe(410);
      expect(page.body).toContain(title);
      expect(page.body).toContain(body);
    }
  });

  test('still works until the newer one has reached somebody, to its last millisecond', async () => {
    const { connection, path, authorizationId } = await asked();
    const supersedes = [
      { authorizationId: 'x', expiresAtMs: 0 },
      { authorizationId, expiresAtMs: 0 },
    ];
    const authorization = {
      authorizationId: 'y',
      reason: 'reminder',
      expiresAtMs: startMs + dayMs,
      supersedes,
    } as const;
    await connection.patch({ authorization });
    connection.later(dayMs - 1);
    expect((await connection.page('GET', path)).statusCode).toBe(200);
    connection.later(1);
    expect((await connection.page('GET', path)).statusCode).toBe(410);
  });

  test('and is the panel’s: its owner begins there again', async () => {
    const { connection, path, authorizationId } = await asked();
    const { authorizations } = connection.ports;
    const read: typeof authorizations.read = async (...given) => ({
      ...(await authorizations.read(...given))!,
      reason: 'panel',
    });
    await authorizations.setStatus(connectionId, authorizationId, 'expired');
    const page = await connection.with({ authorizations: { read } }, () => connection.page('GET', path));
    expect(page.body).toContain('Links of the panel work for an hour');
  });
});

describe('the button', () => {
  test('leads to the provider, and binds the login to the browser', async () => {
    const scope = 'read trade';
    const provider = {
      ...presets.schwab!,
      scope,
      authorizationParameters: { prompt: 'consent', state: 'x' },
    };
    const { connection, path, authorizationId } = await asked({ provider });
    connection.later(minuteMs);
    const page = await connection.page('POST', path);
    expect(page.statusCode).toBe(303);
    const url = new URL(page.headers.location!);
    expect(url.origin + url.pathname).toBe('https://api.schwabapi.com/v1/oauth/authorize');
    const { state, code_challenge: challenge, ...rest } = Object.fromEntries(url.searchParams);
    expect(rest).toEqual({
      prompt: 'consent',
      response_type: 'code',
      client_id: 'client',
      redirect_uri: 'https://grants.example.com/callback',
      scope,
      code_challenge_method: 'S256',
    });
    const { random } = connection.ports;
    const { starts, status } = (await connection.ports.authorizations.read(connectionId, authorizationId))!;
    expect(status).toBe('started');
    const { codeVerifier, ...begun } = starts[random.hash(state!)]!;
    const cookie = /^__Host-grantkeeper=([^;]{43});/.exec(page.cookies![0]!)![1]!;
    expect(begun).toEqual({ cookieHash: random.hash(cookie), startedAtMs: startMs + minuteMs });
    expect(challenge).toBe(random.hash(codeVerifier));
    expect((await connection.grant()).authorization?.startedAtMs).toBe(startMs + minuteMs);
    expect(connection.happened('started')).toEqual([
      { authorizationId, executionId: 'arn:aws:states:us-east-1:111122223333:execution:machine:run-1' },
    ]);
    // A second tab of the same browser.
    const again = await connection.page('POST', path, '', cookie);
    expect(again.cookies![0]).toContain(`__Host-grantkeeper=${cookie};`);
    expect(connection.started).toEqual([]);
  });

  test('asks for no scope where none is set', async () => {
    const { connection, path } = await asked();
    const url = new URL((await connection.page('POST', path)).headers.location!);
    expect(url.searchParams.has('scope')).toBe(false);
  });

  test.each([
    ['starts an execution where none waits', undefined, {}],
    ['names the execution that it starts', 'arn:of:it', { executionId: 'arn:of:it' }],
  ])('%s', async (_what, started, named) => {
    const { connection, path, authorizationId } = await asked();
    const { authorizations } = connection.ports;
    const read: typeof authorizations.read = async (...given) => ({
      ...(await authorizations.read(...given))!,
      executionId: undefined,
    });
    const asks: unknown[] = [];
    const startForLink = async (...given: unknown[]) => {
      asks.push(given);
      return started;
    };
    await connection.with({ authorizations: { read }, workflow: { startForLink } }, () =>
      connection.page('POST', path),
    );
    expect(asks).toEqual([[connectionId, authorizationId]]);
    expect(connection.happened('started')).toEqual([{ authorizationId, ...named }]);
  });

  test.each([
    ['the authorization', { authorizations: { addStart: async () => false } }],
    ['the record', { grants: { markStarted: async () => false } }],
  ])('begins nothing where %s has changed', async (_what, changes) => {
    const { connection, path } = await asked();
    const page = await connection.with(changes, () => connection.page('POST', path));
    expect(page.body).toContain('A newer link was sent');
    expect(connection.happened('started')).toEqual([]);
  });

  test('is pressed fifteen times within a quarter of an hour', async () => {
    const { connection, path } = await asked();
    for (let times = 0; times < 15; times += 1)
      expect((await connection.page('POST', path)).statusCode).toBe(303);
    expect((await connection.page('POST', path)).statusCode).toBe(429);
    expect((await connection.page('GET', path)).statusCode).toBe(200);
    // Another link of the same connection.
    await connection.patch({ authorization: undefined });
    await connection.request('reauthorize');
    const newer = new URL(connection.links[1]!).pathname;
    expect((await connection.page('POST', newer)).statusCode).toBe(303);
  });

  test('alerts the operators of what they have to fix', async () => {
    const { connection, path } = await asked();
    const { ports } = connection;
    connection.ports = {
      ...ports,
      findEndpoints: async () => ({ kind: 'refused', refusal: 'contract', error: 'other issuer' }),
    };
    const message = 'Charles Schwab answered in a way its data does not allow (other issuer).';
    await expect(connection.page('POST', path)).rejects.toMatchObject({
      name: 'ProviderContractError',
      message,
    });
    expect(connection.reported()).toEqual([
      { step: 'Reauthorize', error: 'ProviderContractError', reason: message },
    ]);
  });
});

test.each([
  ['connected before', { status: 'disconnected' }, 'It was disconnected. Log in to restore it.'],
  [
    'paused, and not connected yet',
    { paused: true },
    'Log in to connect it. Your Grantkeeper operator has paused it.',
  ],
  [
    'paused, and ended',
    { status: 'disconnected', paused: true },
    'It was disconnected. Log in to renew it. Your Grantkeeper operator has paused it.',
  ],
] as const)('the page of a connection that is %s', async (_what, change, text) => {
  const { connection, path } = await asked();
  await connection.patch(change);
  expect((await connection.page('GET', path)).body!.replaceAll(/\s+/g, ' ')).toContain(text);
});

test('the page of a grant that ends at no known time', async () => {
  const { connection, path } = await asked({ provider: { ...presets.schwab!, limits: {} } });
  await connection.patch({
    status: 'active',
    authorizedAtMs: startMs,
    refreshedAtMs: startMs,
    accessExpiresAtMs: startMs + 1,
  });
  const now = await connection.page('GET', path);
  expect(now.body).toContain('It works. Log in now to renew it.');
  connection.later(1);
  expect((await connection.page('GET', path)).body).toContain('It does not work at the moment');
});

const nowMs = ms('2026-01-08T15:00:00Z');
const link = `/reauthorize/schwab-main/${'a'.repeat(20)}/${'b'.repeat(43)}`;

/** The page of a link, for a grant as it stands. */
async function pageOf(
  grant: Grant,
  change: Partial<Authorization> = {},
): Promise<{ statusCode: number; text: string }> {
  const authorization: Authorization = {
    connectionId: 'schwab-main',
    authorizationId: 'a'.repeat(20),
    status: 'open',
    reason: 'expiring',
    expiresAtMs: nowMs + dayMs,
    linkHashes: ['b'.repeat(43)],
    starts: {},
    taskTokens: [],
    ...change,
  };
  const ports = {
    authorizations: { read: async () => authorization },
    grants: { read: async () => ({ settings: schwab, grant }) },
    limits: { read: async () => 0 },
    random: { hash: (value: string) => value },
    clock: { nowMs: () => nowMs },
  } as unknown as ReauthorizePorts;
  const request = {
    rawPath: link,
    rawQueryString: '',
    headers: {},
    requestContext: { http: { method: 'GET', sourceIp: '192.0.2.1' } },
  };
  const { statusCode, body } = await reauthorize(request, ports);
  const text = body!
    .replace(/<style>[^]*<\/style>/, '')
    .replace(/<[^>]+>/g, '')
    .replace(/\s+/g, ' ');
  return { statusCode, text };
}

const open = { authorizationId: 'a'.repeat(20), reason: 'expiring', expiresAtMs: nowMs + dayMs } as const;

test.each([
  ['never authorised', newGrant, 'It is not connected yet. Log in to connect it.'],
  [
    'alive',
    loggedIn(ms('2026-01-05T15:00:00Z'), { accessExpiresAtMs: nowMs + 1 }),
    'It works until Mon 12 Jan, 10:00 GMT-5. Log in now to renew it.',
  ],
  [
    'alive, and whose access token was not refreshed',
    loggedIn(ms('2026-01-05T15:00:00Z'), { accessExpiresAtMs: nowMs }),
    'It does not work at the moment. It may work again when you have logged in.',
  ],
  [
    'paused',
    loggedIn(ms('2026-01-05T15:00:00Z'), { accessExpiresAtMs: nowMs + 1, paused: true }),
    'Log in now to renew it. Your Grantkeeper operator has paused it. It works again when they resume it.',
  ],
  ['past its end', loggedIn(ms('2026-01-01T15:00:00Z')), 'It has stopped working. Log in to restore it.'],
  [
    'rejected',
    loggedIn(ms('2026-01-05T15:00:00Z'), { status: 'rejected' }),
    'It has stopped working. Log in to restore it.',
  ],
])('the page of a grant that is %s says how it stands', async (_name, grant, sentence) => {
  const { statusCode, text } = await pageOf({ ...grant, authorization: open });
  expect(statusCode).toBe(200);
  expect(text).toContain(sentence);
});

describe('a link that was used', () => {
  const alive = loggedIn(ms('2026-01-05T15:00:00Z'), { accessExpiresAtMs: nowMs + 1 });
  const newer = { ...open, authorizationId: 'c'.repeat(20) };
  const nothingToDo = 'and the connection was renewed. You need not do anything.';
  const neededAgain =
    'Since then the connection needs another login, and each link works once. A newer link is on its way to you';

  test.each([
    ['stands', alive, nothingToDo],
    ['needs its owner again', { ...alive, authorization: newer }, neededAgain],
    [
      'stands, and they came by the panel since',
      { ...alive, authorization: { ...newer, reason: 'panel' as const } },
      nothingToDo,
    ],
    ['was rejected since', { ...alive, status: 'rejected' as const }, neededAgain],
    ['has ended since', loggedIn(ms('2026-01-01T15:00:00Z')), neededAgain],
    [
      'has ended since, and is paused',
      loggedIn(ms('2026-01-01T15:00:00Z'), { paused: true }),
      'An operator has paused this connection. You get a new link when it is resumed.',
    ],
  ])('says what there is to do where the grant %s', async (_name, grant, sentence) => {
    const { statusCode, text } = await pageOf(grant, { status: 'completed' });
    expect(statusCode).toBe(410);
    expect(text).toContain(sentence);
  });
});

test('an expired link promises no newer one for a working or disconnected grant', async () => {
  const nobodyAsks = 'ask your Grantkeeper operator for a new link.';
  const stands = loggedIn(ms('2026-01-05T15:00:00Z'), { authorization: { ...open, expiresAtMs: nowMs } });
  expect((await pageOf(stands, { expiresAtMs: nowMs })).text).toContain(nobodyAsks);
  const ended = { ...newGrant, status: 'disconnected' as const, authorization: stands.authorization };
  expect((await pageOf(ended, { expiresAtMs: nowMs })).text).toContain(nobodyAsks);
});

test('an expired link promises a newer one only after the pause', async () => {
  const paused = loggedIn(ms('2026-01-05T15:00:00Z'), { paused: true, authorization: open });
  const { text } = await pageOf(paused, { expiresAtMs: nowMs });
  expect(text).toContain('You get a new link when it is resumed.');
  expect(text).not.toContain('on its way');
});
