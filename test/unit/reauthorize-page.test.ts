import { expect, test } from '@jest/globals';

import { newGrant } from '../../core/grant.ts';
import type { Grant } from '../../core/grant.ts';
import type { Authorization } from '../../core/ports.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import type { ReauthorizePorts } from '../../functions/reauthorize/reauthorize.ts';
import { dayMs, loggedIn, ms, schwab } from '../helpers/core-samples.ts';

const nowMs = ms('2026-01-08T15:00:00Z');
const link = `/reauthorize/schwab-main/${'a'.repeat(20)}/${'b'.repeat(43)}`;

/** The page of a link that works, for a grant as it stands. */
async function pageFor(grant: Grant): Promise<string> {
  const authorization: Authorization = {
    connectionId: 'schwab-main',
    authorizationId: 'a'.repeat(20),
    status: 'offered',
    reason: 'expiring',
    expiresAtMs: nowMs + dayMs,
    linkHashes: ['b'.repeat(43)],
    starts: {},
    taskTokens: [],
  };
  const open = { authorizationId: 'a'.repeat(20), reason: 'expiring', expiresAtMs: nowMs + dayMs } as const;
  const ports = {
    authorizations: { read: async () => authorization },
    grants: { read: async () => ({ settings: schwab, grant: { ...grant, authorization: open } }) },
    limits: { read: async () => 0 },
    random: { hash: (value: string) => value },
    clock: { nowMs: () => nowMs },
  } as unknown as ReauthorizePorts;
  const request = {
    rawPath: link,
    rawQueryString: '',
    requestContext: { http: { method: 'GET', sourceIp: '192.0.2.1' } },
  };
  const { statusCode, body } = await reauthorize(request, ports);
  expect(statusCode).toBe(200);
  return body!
    .replace(/<style>[^]*<\/style>/, '')
    .replace(/<[^>]+>/g, '')
    .replace(/\s+/g, ' ');
}

test.each([
  [
    'never authorised',
    newGrant,
    'It is not connected yet, and starts to work as soon as you have logged in.',
  ],
  [
    'alive',
    loggedIn(ms('2026-01-05T15:00:00Z')),
    'Everything goes on working until Mon 12 Jan, 10:00 GMT-5; logging in now renews it.',
  ],
  [
    'past its end',
    loggedIn(ms('2026-01-01T15:00:00Z')),
    'It has ended, and works again as soon as you have logged in.',
  ],
  [
    'rejected',
    loggedIn(ms('2026-01-05T15:00:00Z'), { status: 'rejected' }),
    'It has ended, and works again as soon as you have logged in.',
  ],
])('the page of a grant that is %s says how it stands', async (_name, grant, sentence) => {
  expect(await pageFor(grant)).toContain(sentence);
});
