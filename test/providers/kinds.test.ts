/** The table of provider kinds as contracts: `decide` and `refresh-tokens` keep a grant of each against a server that enforces it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { deadlineOf } from '../../core/deadline.ts';
import { ProviderSchema } from '../../core/provider.ts';
import type { Kind } from '../fixtures/providers/kinds.ts';
import { kinds } from '../fixtures/providers/kinds.ts';
import { dayMs, hourMs, iso, minuteMs, ms, schwab } from '../helpers/core-samples.ts';
import { firstTokens, KeptGrant } from '../helpers/kept-grant.ts';
import type { HttpAnswer, TokenRequest } from '../helpers/token-server.ts';
import { TokenServer } from '../helpers/token-server.ts';

const loginMs = ms('2026-01-05T12:00:00Z');
const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });

let server: TokenServer;
beforeAll(async () => {
  server = await TokenServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A grant at an authorization server of one kind. */
class Grantor {
  readonly #kind: Kind;
  readonly #nowMs: () => number;
  readonly #spentAtMs = new Map<string, number>();
  #current = 'refresh-1';
  #issuedAtMs = loginMs;
  #usedAtMs = loginMs;
  #serial = 1;
  isEnded = false;

  constructor(kind: Kind, nowMs: () => number) {
    this.#kind = kind;
    this.#nowMs = nowMs;
  }

  readonly answer = ({ form }: TokenRequest): HttpAnswer => {
    const headers = { 'content-type': 'application/json' };
    const nowMs = this.#nowMs();
    if (!this.#takes(form.get('refresh_token')!, nowMs)) {
      return { status: 400, headers, body: '{"error":"invalid_grant"}' };
    }
    this.#usedAtMs = nowMs;
    this.#serial += 1;
    const { refreshToken, provider } = this.#kind;
    const isDue = refreshToken === 'new each day' && nowMs >= this.#issuedAtMs + dayMs;
    if (refreshToken === 'new' || isDue) {
      this.#spentAtMs.set(this.#current, nowMs);
      this.#current = `refresh-${this.#serial}`;
      this.#issuedAtMs = nowMs;
    }
    const tokens = {
      access_token: `access-${this.#serial}`,
      token_type: 'Bearer',
      expires_in: provider.accessTokenLifetimeSeconds,
      ...(refreshToken !== 'none' && { refresh_token: this.#current }),
    };
    return { status: 200, headers, body: JSON.stringify(tokens) };
  };

  #takes(refreshToken: string, nowMs: number): boolean {
    const { graceSeconds = Infinity, provider } = this.#kind;
    const { absoluteSeconds = Infinity, slidingSeconds = Infinity } = provider.limits;
    const isOver =
      nowMs >= Math.min(loginMs + absoluteSeconds * 1000, this.#usedAtMs + slidingSeconds * 1000);
    const spentAtMs = refreshToken === this.#current ? Infinity : this.#spentAtMs.get(refreshToken);
    if (this.isEnded || isOver || spentAtMs === undefined) return false;
    // A spent refresh token may come from a thief, so the grant ends (RFC 9700 §4.14.2).
    this.isEnded = spentAtMs + graceSeconds * 1000 <= nowMs;
    return !this.isEnded;
  }
}

function logIn(kind: Kind): { grant: KeptGrant; grantor: Grantor } {
  // Without `identity`: the endpoint of Schwab's preset is on the Internet.
  const provider = { ...kind.provider, identity: undefined, tokenEndpoint: server.url };
  const grant = new KeptGrant({ ...schwab, provider }, endpoint, loginMs);
  const grantor = new Grantor(kind, () => grant.nowMs);
  server.answer = grantor.answer;
  grant.logIn(firstTokens(provider.accessTokenLifetimeSeconds));
  return { grant, grantor };
}

beforeEach(() => {
  server.requests.length = 0;
});

test.each(Object.entries(kinds))('%s can be configured', (_name, { provider }) => {
  expect(ProviderSchema.parse(provider)).toEqual(provider);
});

interface Life {
  /** When the owner had the first reminder, and when they were asked to log in. */
  readonly notified?: string;
  readonly asked?: string;
  readonly refreshTokens: number;
}

const lives: Record<keyof typeof kinds, Life> = {
  schwab: { notified: '2026-01-10T12:00:00.000Z', asked: '2026-01-12T12:00:00.000Z', refreshTokens: 1 },
  'schwab-rotating': {
    notified: '2026-01-10T12:00:00.000Z',
    asked: '2026-01-12T12:00:00.000Z',
    refreshTokens: 14,
  },
  'td-ameritrade': {
    notified: '2026-03-29T12:00:00.000Z',
    asked: '2026-04-05T12:00:00.000Z',
    refreshTokens: 1,
  },
  'google-testing': {
    notified: '2026-01-10T12:00:00.000Z',
    asked: '2026-01-12T12:00:00.000Z',
    refreshTokens: 1,
  },
  'google-published': { refreshTokens: 1 },
  microsoft: { refreshTokens: 241 },
  auth0: { notified: '2026-02-02T12:00:00.000Z', asked: '2026-02-04T12:00:00.000Z', refreshTokens: 60 },
  okta: { notified: '2026-04-03T12:00:00.000Z', asked: '2026-04-05T12:00:00.000Z', refreshTokens: 180 },
  quickbooks: { refreshTokens: 121 },
  rfc6749: { refreshTokens: 1 },
};

test.each(Object.entries(lives))(
  '%s: refreshed twice a day for 120 days, it lives as long as its limits say, and its owner is asked then',
  async (name, expected) => {
    const { grant } = logIn(kinds[name as keyof typeof kinds]);
    let notified: string | undefined;
    let asked: string | undefined;
    while (asked === undefined && grant.nowMs < loginMs + 120 * dayMs) {
      grant.nowMs += 12 * hourMs;
      const { outcome, decision } = await grant.check();
      if (decision.decision === 'notify') notified ??= iso(grant.nowMs);
      if (decision.decision === 'reauthorize') asked = iso(grant.nowMs);
      // A grant that is over is not tried; while it is not, every refresh works.
      expect(outcome).toBe(asked === undefined ? 'refreshed' : undefined);
    }
    expect({ notified, asked, refreshTokens: grant.grantSecret.versions.length }).toEqual(expected);
  },
);

describe('left alone until its end, the owner is asked and the provider is not', () => {
  test.each([
    ['schwab', '2026-01-12T12:00:00.000Z'],
    ['td-ameritrade', '2026-04-05T12:00:00.000Z'],
    ['google-testing', '2026-01-12T12:00:00.000Z'],
    ['google-published', '2026-07-04T12:00:00.000Z'],
    ['microsoft', '2026-04-05T12:00:00.000Z'],
    ['auth0', '2026-01-20T12:00:00.000Z'],
    ['okta', '2026-01-12T12:00:00.000Z'],
    ['quickbooks', '2026-04-15T12:00:00.000Z'],
  ] as const)('%s', async (name, end) => {
    const { grant } = logIn(kinds[name]);
    grant.nowMs = ms(end);
    expect((await grant.check()).decision).toMatchObject({ decision: 'reauthorize', reason: 'expired' });
    expect(server.requests).toEqual([]);

    // A moment before, it is still refreshed.
    grant.nowMs = ms(end) - 1;
    expect((await grant.check()).outcome).toBe('refreshed');
  });
});

describe('an answer that was lost is asked for again with the same refresh token', () => {
  const nothingLost = { in20Seconds: 'refreshed', in10Minutes: 'refreshed' };
  test.each([
    ['schwab', nothingLost],
    ['schwab-rotating', nothingLost],
    ['td-ameritrade', nothingLost],
    ['google-published', nothingLost],
    ['microsoft', nothingLost],
    // Without grace the new refresh token was lost with the answer, and nobody can get it back.
    ['auth0', { in20Seconds: 'rejected', in10Minutes: 'rejected' }],
    ['okta', { in20Seconds: 'refreshed', in10Minutes: 'rejected' }],
    ['quickbooks', nothingLost],
  ] as const)('%s', async (name, { in20Seconds, in10Minutes }) => {
    for (const [laterMs, expected] of [
      [20_000, in20Seconds],
      [10 * minuteMs, in10Minutes],
    ] as const) {
      const { grant, grantor } = logIn(kinds[name]);
      server.answer = (request) => void grantor.answer(request);
      grant.nowMs += dayMs;
      expect((await grant.check()).outcome).toBe('TokenEndpointUnavailableError');
      server.answer = grantor.answer;
      grant.nowMs += laterMs;

      const { outcome, decision } = await grant.check();
      expect(outcome).toBe(expected);
      expect(decision).toMatchObject(
        expected === 'refreshed'
          ? { decision: 'none', reason: 'healthy' }
          : { decision: 'reauthorize', reason: 'rejected' },
      );
    }
  });
});

test.each(Object.entries(kinds))(
  '%s: ended before its time, the owner is asked at once',
  async (_name, kind) => {
    const { grant, grantor } = logIn(kind);
    grantor.isEnded = true;
    grant.nowMs += dayMs;
    expect(await grant.check()).toMatchObject({
      outcome: 'rejected',
      decision: { decision: 'reauthorize', reason: 'rejected', expiresAt: '2026-01-07T12:00:00.000Z' },
    });
    // Nor is it tried again.
    grant.nowMs += hourMs;
    expect((await grant.check()).outcome).toBeUndefined();
  },
);

test('an access token of Entra lives as long as its answer says, 60 to 90 minutes', async () => {
  const { grant, grantor } = logIn(kinds.microsoft);
  server.answer = (request) => {
    const answer = grantor.answer(request);
    return { ...answer, body: answer.body.replace('"expires_in":3600', '"expires_in":5400') };
  };
  grant.nowMs += hourMs;
  await grant.check();
  expect(grant.access.expiresAt).toBe('2026-01-05T14:30:00.000Z');
});

test('a deadline of Okta is the earlier of both limits, whichever that is by now', async () => {
  const { grant } = logIn(kinds.okta);
  const { limits } = kinds.okta.provider;
  expect(deadlineOf(limits, grant.grant)).toBe(ms('2026-01-12T12:00:00Z'));
  while (grant.nowMs < loginMs + 85 * dayMs) {
    grant.nowMs += 5 * dayMs;
    await grant.check();
  }
  expect(deadlineOf(limits, grant.grant)).toBe(ms('2026-04-05T12:00:00Z'));
});
