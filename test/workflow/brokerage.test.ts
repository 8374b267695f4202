import { get } from 'node:http';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startBrokerage } from '../../local/brokerage/brokerage.ts';
import type { Brokerage } from '../../local/brokerage/brokerage.ts';
import type { BrokerageLimits } from '../../local/brokerage/control.ts';
import { VirtualClock } from '../../local/aws/clock.ts';

const redirectUri = 'http://127.0.0.1:8182/callback';
const clientId = 'client id:with+odd/characters';
const clientSecret = 'secret of the test';
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let clock: VirtualClock;
let brokerage: Brokerage;

const start = (limits: Partial<BrokerageLimits> = {}, port = 0): Promise<Brokerage> =>
  startBrokerage({
    port,
    hopPort: 0,
    clientId,
    clientSecret,
    redirectUris: [redirectUri],
    sharedClock: clock.shared,
    limits,
  });

beforeAll(async () => {
  // A time long past: nothing here may depend on the machine's own.
  clock = new VirtualClock(Date.parse('2026-03-02T09:00:00Z'));
  brokerage = await start();
});
afterAll(() => brokerage.close());
beforeEach(() => brokerage.reset());

describe('a host that is not of loopback, as of a page that has rebound its name,', () => {
  const statusFor = (url: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port, pathname } = new URL(url);
      const options = { host: '127.0.0.1', port, path: pathname, headers: { host } };
      get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });

  test.each(['evil.example', 'localhost.evil.example:80', '127.0.0.1.evil.example', '192.168.0.1'])(
    'is refused by both origins (%j)',
    async (host) => {
      expect(await statusFor(brokerage.identityEndpoint, host)).toBe(403);
      expect(await statusFor(`${brokerage.hopOrigin}/v1/oauth/authorize`, host)).toBe(403);
    },
  );

  test.each(['localhost', '127.0.0.1:9', '[::1]:9'])('is none of these: %s', async (host) => {
    expect(await statusFor(brokerage.identityEndpoint, host)).toBe(401);
    expect(await statusFor(`${brokerage.hopOrigin}/v1/oauth/authorize`, host)).toBe(302);
  });
});

describe('login', () => {
  test('an authorization request wanders over a second origin to the login page', async () => {
    const browser = new Browser();
    const { visited, text } = await browser.open(authorizationUrl());

    expect(new URL(brokerage.hopOrigin).origin).not.toBe(new URL(brokerage.issuer).origin);
    expect(visited.map((url) => url.origin + url.pathname.replace(/(?<=\/login\/).+/, '…'))).toEqual([
      `${brokerage.issuer}/v1/oauth/authorize`,
      `${brokerage.hopOrigin}/v1/oauth/authorize`,
      `${brokerage.issuer}/v1/oauth/authorize/hopped`,
      `${brokerage.issuer}/login/…`,
    ]);
    expect(text).toContain('<label for="login_id">Login ID</label>');
    expect(text).toContain('<label for="password">Password</label>');
  });

  test('a wrong password shows an error and the login can be tried again', async () => {
    const browser = new Browser();
    const { url } = await browser.open(authorizationUrl());

    const refused = await browser.submit(url, { login_id: 'demo"><i>', password: 'guess' });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('That login ID and password do not match.');
    expect(refused.text).toContain('value="demo&quot;&gt;&lt;i&gt;"');

    const consent = await browser.submit(url, { login_id: 'demo', password: 'demo' });
    expect(consent.text).toContain('Allow access?');
    expect(consent.text).toContain('2026-03-09 09:00 UTC');
  });

  test('allowing answers with a code, the state and the issuer', async () => {
    const back = await logIn('allow', { state: 'a.b.c' });

    expect(back.origin + back.pathname).toBe(redirectUri);
    expect([...back.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state']);
    expect(back.searchParams.get('state')).toBe('a.b.c');
    expect(back.searchParams.get('iss')).toBe(brokerage.issuer);
  });

  test('cancelling answers access_denied with the state and the issuer', async () => {
    const back = await logIn('cancel', { state: 'a.b.c' });

    expect(Object.fromEntries(back.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The owner cancelled.',
      state: 'a.b.c',
      iss: brokerage.issuer,
    });
  });

  test('the same browser is asked to log in again for each authorization', async () => {
    const browser = new Browser();
    await logIn('allow', {}, browser);

    expect((await browser.open(authorizationUrl())).text).toContain('<h1>Log in</h1>');
  });

  test('a redirect URI that differs by a trailing slash is refused without a redirect', async () => {
    const { status, text } = await new Browser().open(authorizationUrl({ redirect_uri: `${redirectUri}/` }));

    expect(status).toBe(400);
    expect(text).toContain('invalid_redirect_uri');
  });

  test('a login page that was left open for over an hour has expired', async () => {
    const browser = new Browser();
    const { url } = await browser.open(authorizationUrl());
    await clock.advance(61 * minuteMs);

    const { status, text } = await browser.submit(url, { login_id: 'demo', password: 'demo' });
    expect(status).toBe(400);
    expect(text).toContain('This login has expired or was used already.');
  });
});

describe('tokens', () => {
  test('a code is exchanged for tokens that refresh without rotation', async () => {
    const tokens = await exchange(await code());
    expect(tokens).toEqual({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^.{20,}$/),
        refresh_token: expect.stringMatching(/^.{20,}$/),
        expires_in: 1800,
        token_type: 'Bearer',
        scope: 'api',
      },
    });
    expect(await identity(tokens.body.access_token)).toEqual({
      status: 200,
      body: { sub: 'demo', accounts: ['1001', '1002', '1003'] },
    });

    const refreshed = await refresh(tokens.body.refresh_token);
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.refresh_token).toBe(tokens.body.refresh_token);
    expect(refreshed.body.access_token).not.toBe(tokens.body.access_token);
  });

  test('an ID token comes with the scope openid', async () => {
    const { body } = await exchange(await code({ scope: 'openid api' }));

    expect(body.scope).toBe('openid api');
    const [, payload] = String(body.id_token).split('.');
    expect(JSON.parse(Buffer.from(String(payload), 'base64url').toString())).toMatchObject({
      iss: brokerage.issuer,
      sub: 'demo',
      aud: clientId,
      iat: Math.floor(clock.now() / 1000),
    });
  });

  test('an access token lives 30 minutes', async () => {
    const { body } = await exchange(await code());
    await clock.advance(30 * minuteMs - 1000);
    expect((await identity(body.access_token)).status).toBe(200);

    await clock.advance(1000);
    expect(await identity(body.access_token)).toEqual({ status: 401, body: { error: 'invalid_token' } });
  });

  test('a refresh token ends 7 days after the login, however often it was used', async () => {
    const { body } = await exchange(await code());
    for (let day = 1; day < 7; day += 1) {
      await clock.advance(dayMs);
      expect((await refresh(body.refresh_token)).status).toBe(200);
    }
    await clock.advance(dayMs - 1000);
    expect((await refresh(body.refresh_token)).status).toBe(200);

    await clock.advance(1000);
    expect(await refresh(body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  test('a code lives 30 seconds', async () => {
    const inTime = await code();
    await clock.advance(29_000);
    expect((await exchange(inTime)).status).toBe(200);

    const late = await code();
    await clock.advance(30_000);
    expect(await exchange(late)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('a code that was sent with a PKCE challenge needs its verifier', async () => {
    // RFC 7636, appendix B
    const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' };
    const withChallenge = { ...challenge, code_challenge_method: 'S256' };
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

    expect((await exchange(await code(withChallenge))).body.error).toBe('invalid_grant');
    expect((await exchange(await code(withChallenge), { code_verifier: verifier })).status).toBe(200);
  });

  test('a new login ends the previous grant at once, before its code is exchanged', async () => {
    const first = await exchange(await code());
    const second = await code();

    expect((await refresh(first.body.refresh_token)).body.error).toBe('invalid_grant');
    expect((await identity(first.body.access_token)).status).toBe(401);
    expect((await exchange(second)).status).toBe(200);
  });

  test('a cancelled login leaves the previous grant as it was', async () => {
    const first = await exchange(await code());
    await logIn('cancel');

    expect((await refresh(first.body.refresh_token)).status).toBe(200);
  });

  test('a password reset ends every grant', async () => {
    const { body } = await exchange(await code());
    await brokerage.revokeAllGrants();

    expect((await refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('a wrong client secret and one in the body are refused', async () => {
    const grant = { grant_type: 'refresh_token', refresh_token: 'any' };

    expect(await token(grant, basic('wrong'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(
      (await token({ ...grant, client_id: clientId, client_secret: clientSecret }, null)).body.error,
    ).toBe('invalid_client');
  });
});

describe('revocation', () => {
  const revoke = async (value: string, secret?: string): Promise<number> => {
    const body = new URLSearchParams({ token: value });
    const headers = { authorization: basic(secret) };
    return (await fetch(brokerage.revocationEndpoint, { method: 'POST', body, headers })).status;
  };

  test('of a refresh token ends its grant, for the client that it was given to', async () => {
    const { body } = await exchange(await code());
    expect(await revoke(body.refresh_token!, 'wrong')).toBe(401);
    expect((await refresh(body.refresh_token)).status).toBe(200);
    expect(await revoke(body.refresh_token!)).toBe(200);
    expect((await refresh(body.refresh_token)).body.error).toBe('invalid_grant');
    expect((await identity(body.access_token)).status).toBe(401);
    expect(await revoke(body.refresh_token!)).toBe(200);
  });

  test('misbehaves on its own plan', async () => {
    await brokerage.misbehave({ kind: 'status', status: 503, body: '' }, 1, 'revocation');
    const { body } = await exchange(await code());
    expect(await revoke(body.access_token!)).toBe(503);
    expect(await revoke(body.access_token!)).toBe(200);
    expect(await brokerage.tokenCalls()).toMatchObject([
      { grantType: 'authorization_code', outcome: 200 },
      { grantType: 'revocation', outcome: 503 },
      { grantType: 'revocation', outcome: 200 },
    ]);
  });
});

describe('a misbehaving token endpoint', () => {
  test('answers what was planned, so many times, and notes each call', async () => {
    const { body } = await exchange(await code());
    const answer = { kind: 'status', status: 503, body: '<h1>Access Denied</h1>' } as const;
    await brokerage.misbehave({ ...answer, headers: { 'content-type': 'text/html', 'retry-after': '7' } }, 2);

    for (const status of [503, 503, 200]) {
      const response = await tokenRequest({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
      expect(response.status).toBe(status);
      expect(response.headers.get('retry-after')).toBe(status === 503 ? '7' : null);
    }
    const at = new Date(clock.now()).toISOString();
    expect(await brokerage.tokenCalls()).toEqual([
      { at, grantType: 'authorization_code', outcome: 200 },
      { at, grantType: 'refresh_token', outcome: 503 },
      { at, grantType: 'refresh_token', outcome: 503 },
      { at, grantType: 'refresh_token', outcome: 200 },
    ]);
  });

  test('hangs without an answer', async () => {
    await brokerage.misbehave({ kind: 'hang' });

    const hung = tokenRequest({ grant_type: 'refresh_token' }, basic(), AbortSignal.timeout(300));
    await expect(hung).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await brokerage.tokenCalls()).toMatchObject([{ outcome: 'hung' }]);
  });

  test('closes the connection, and spends the code first where asked to', async () => {
    await brokerage.misbehave({ kind: 'close', processed: true });
    const spent = await code();

    await expect(exchange(spent)).rejects.toThrow('fetch failed');
    expect(await brokerage.tokenCalls()).toMatchObject([
      { grantType: 'authorization_code', outcome: 'closed' },
    ]);
    expect((await exchange(spent)).body.error).toBe('invalid_grant');
  });

  test('delays one request, or all of them', async () => {
    const hour = 3_600_000;
    const givenUp = () =>
      expect(
        tokenRequest({ grant_type: 'refresh_token' }, basic(), AbortSignal.timeout(100)),
      ).rejects.toMatchObject({ name: 'TimeoutError' });
    await brokerage.misbehave({ kind: 'delay', ms: hour });
    await givenUp();
    await refresh('any');
    await brokerage.setDelayMs(hour);
    await givenUp();
    await givenUp();
    await brokerage.setDelayMs(0);
    await refresh('any');
  });
});

test('every credential issued is known to the canary test', async () => {
  const spent = await code({ scope: 'openid api' });
  const { body } = await exchange(spent);
  const refreshed = await refresh(body.refresh_token);

  expect(await brokerage.issued()).toEqual(
    expect.arrayContaining([
      spent,
      body.access_token,
      body.refresh_token,
      body.id_token,
      refreshed.body.access_token,
      refreshed.body.id_token,
    ]),
  );
});

test('with rotation a refresh token used twice ends the grant, and the deadline stays the login’s', async () => {
  const usual = brokerage;
  brokerage = await start({ rotate: true, loginEndsPreviousGrant: false });
  try {
    const first = await exchange(await code());
    const other = await exchange(await code());
    await clock.advance(6 * dayMs);
    const second = await refresh(first.body.refresh_token);
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
    const replaced = await refresh(other.body.refresh_token);
    expect(replaced.status).toBe(200);
    expect((await refresh(other.body.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(replaced.body.refresh_token)).body.error).toBe('invalid_grant');

    await clock.advance(dayMs - 1000);
    const third = await refresh(second.body.refresh_token);
    expect(third.status).toBe(200);
    await clock.advance(1000);
    expect((await refresh(third.body.refresh_token)).body.error).toBe('invalid_grant');
  } finally {
    await brokerage.close();
    brokerage = usual;
  }
});

test('a port in use is named', async () => {
  const port = Number(new URL(brokerage.issuer).port);

  await expect(start({}, port)).rejects.toThrow(`Demo Brokerage cannot listen on port ${port}: it is in use`);
});

// ---- what the tests are made of ----

function authorizationUrl(parameters: Record<string, string> = {}): URL {
  const url = new URL(brokerage.authorizationEndpoint);
  const required = { client_id: clientId, response_type: 'code', redirect_uri: redirectUri };
  url.search = new URLSearchParams({ ...required, ...parameters }).toString();
  return url;
}

/** Walks a whole login. @returns where the brokerage sends the browser back to */
async function logIn(
  decision: 'allow' | 'cancel',
  parameters: Record<string, string> = {},
  browser = new Browser(),
): Promise<URL> {
  const login = await browser.open(authorizationUrl(parameters));
  const consent = await browser.submit(login.url, { login_id: 'demo', password: 'demo' });
  return (await browser.submit(consent.url, { decision })).url;
}

async function code(parameters: Record<string, string> = {}): Promise<string> {
  return (await logIn('allow', parameters)).searchParams.get('code') ?? 'no code';
}

interface TokenAnswer {
  readonly status: number;
  readonly body: Record<string, string>;
}

/** RFC 6749 §2.3.1: both parts are form-encoded first. */
const basic = (secret = clientSecret): string =>
  `Basic ${Buffer.from([clientId, secret].map(encodeURIComponent).join(':')).toString('base64')}`;

function tokenRequest(
  form: Record<string, string | undefined>,
  authorization: string | null = basic(),
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(brokerage.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams(JSON.parse(JSON.stringify(form)) as Record<string, string>),
    headers: authorization === null ? {} : { authorization },
    ...(signal && { signal }),
  });
}

async function token(
  form: Record<string, string | undefined>,
  authorization?: string | null,
): Promise<TokenAnswer> {
  const response = await tokenRequest(form, authorization);
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const exchange = (code: string, more: Record<string, string> = {}): Promise<TokenAnswer> =>
  token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...more });

const refresh = (refreshToken: string | undefined): Promise<TokenAnswer> =>
  token({ grant_type: 'refresh_token', refresh_token: refreshToken });

async function identity(accessToken: string | undefined): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(brokerage.identityEndpoint, { headers });
  return { status: response.status, body: await response.json() };
}

/** A browser's cookies and redirects, as far as a login needs them; it stops before leaving the brokerage. */
class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  open(url: URL): Promise<Page> {
    return this.#follow(url, { method: 'GET' });
  }

  submit(url: URL, form: Record<string, string>): Promise<Page> {
    return this.#follow(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  async #follow(start: URL, init: RequestInit): Promise<Page> {
    const visited = [start];
    for (let url = start, request = init; ; request = { method: 'GET' }) {
      const headers = { cookie: this.#cookiesFor(url) };
      const response = await fetch(url, { ...request, headers, redirect: 'manual' });
      this.#keep(response.headers.getSetCookie());
      const text = await response.text();
      const location = response.headers.get('location');
      if (location === null) return { url, visited, status: response.status, text };
      url = new URL(location, url);
      visited.push(url);
      if (url.href.startsWith(redirectUri)) return { url, visited, status: response.status, text };
    }
  }

  #cookiesFor({ pathname }: URL): string {
    const sent = [...this.#cookies].filter(([, { path }]) => pathname === path || path === '/');
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #keep(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      const path = /; path=([^;]+)/i.exec(cookie)?.[1] ?? '/';
      const expires = /; expires=([^;]+)/i.exec(cookie)?.[1];
      if (expires !== undefined && Date.parse(expires) < Date.now()) this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
  }
}

interface Page {
  readonly url: URL;
  readonly visited: readonly URL[];
  readonly status: number;
  readonly text: string;
}
