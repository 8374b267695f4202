import { describe, expect, test } from '@jest/globals';

import { newGrant } from '../../core/grant.ts';
import type { Grant } from '../../core/grant.ts';
import type { Authorization } from '../../core/authorization.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import type { ReauthorizePorts } from '../../functions/reauthorize/reauthorize.ts';
import { dayMs, loggedIn, ms, schwab } from '../helpers/core-samples.ts';

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

test('of a link that came too late for a grant that stands, or that was ended, none is promised', async () => {
  const nobodyAsks = 'ask your Grantkeeper operator for a new link.';
  const stands = loggedIn(ms('2026-01-05T15:00:00Z'), { authorization: { ...open, expiresAtMs: nowMs } });
  expect((await pageOf(stands, { expiresAtMs: nowMs })).text).toContain(nobodyAsks);
  const ended = { ...newGrant, status: 'disconnected' as const, authorization: stands.authorization };
  expect((await pageOf(ended, { expiresAtMs: nowMs })).text).toContain(nobodyAsks);
});

test('of a link that came too late while the connection is paused no newer one is promised', async () => {
  const paused = loggedIn(ms('2026-01-05T15:00:00Z'), { paused: true, authorization: open });
  const { text } = await pageOf(paused, { expiresAtMs: nowMs });
  expect(text).toContain('You get a new link when it is resumed.');
  expect(text).not.toContain('on its way');
});
