/** What is said to a provider, parameter by parameter: nothing else, so that nothing is added unseen. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { systemRandom } from '../../adapters/system.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { compareIdentity } from '../../core/identity.ts';
import type { Provider } from '../../core/provider.ts';
import { ProviderSchema } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import { loggedIn, ms, schwab } from '../helpers/core-samples.ts';
import { client } from '../helpers/kept-grant.ts';
import { TokenServer } from '../helpers/token-server.ts';

const nowMs = ms('2026-01-05T12:00:00Z');
const link = { connectionId: 'schwab-main', authorizationId: 'a'.repeat(20) };
const linkSecret = 'b'.repeat(43);

/** Presses the button of a link. */
async function press(data: Partial<Provider> = {}) {
  const provider = { ...schwab.provider, ...data };
  const open = { authorizationId: link.authorizationId, reason: 'expiring', expiresAtMs: nowMs + 1 } as const;
  const verifiers: string[] = [];
  const answer = await reauthorize(
    {
      rawPath: `/reauthorize/${link.connectionId}/${link.authorizationId}/${linkSecret}`,
      rawQueryString: '',
      headers: {},
      requestContext: { http: { method: 'POST', sourceIp: '192.0.2.1' } },
    },
    {
      grants: {
        read: async () => ({
          settings: { ...schwab, provider },
          grant: { ...loggedIn(nowMs), authorization: open },
        }),
        markStarted: async () => true,
      },
      authorizations: {
        read: async () => ({
          ...link,
          ...open,
          status: 'open',
          linkHashes: [systemRandom.hash(linkSecret)],
          starts: {},
          taskTokens: ['token'],
        }),
        addStart: async (_authorization, _stateHash, { codeVerifier }) => verifiers.push(codeVerifier) > 0,
      },
      clients: { read: async () => client },
      findEndpoints: async ({ authorizationEndpoint = '', tokenEndpoint = '' }) => ({
        kind: 'found',
        endpoints: { authorizationEndpoint, tokenEndpoint, promisesIss: false },
      }),
      workflow: { startForLink: async () => undefined, report: async () => undefined },
      events: { record: async () => undefined },
      limits: { read: async () => 0, count: async () => 1 },
      clock: { nowMs: () => nowMs },
      random: systemRandom,
    },
  );
  const url = new URL(answer.headers.location!);
  return { url, parameters: Object.fromEntries(url.searchParams), verifier: verifiers[0]! };
}

describe('the authorization request', () => {
  test('asks for exactly the scope that is configured, and for none where none is', async () => {
    expect((await press({ scope: 'readonly' })).url.searchParams.getAll('scope')).toEqual(['readonly']);
    expect((await press()).url.searchParams.has('scope')).toBe(false);
  });

  test('has these parameters, and whichever the provider’s data adds', async () => {
    const { url, parameters, verifier } = await press({ authorizationParameters: { prompt: 'consent' } });
    expect(url.href.split('?')[0]).toBe('https://api.schwabapi.com/v1/oauth/authorize');
    expect(parameters).toEqual({
      response_type: 'code',
      client_id: 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6',
      redirect_uri: 'https://grants.example.com/callback',
      state: expect.stringMatching(/^schwab-main\.a{20}\.[\w-]{43}$/),
      code_challenge: systemRandom.hash(verifier),
      code_challenge_method: 'S256',
      prompt: 'consent',
    });
  });

  test('always has a challenge, of a verifier that is new each time', async () => {
    const presses = [await press(), await press({ displayName: 'Another' })];
    for (const { parameters, verifier } of presses) {
      expect(parameters).toMatchObject({
        code_challenge: systemRandom.hash(verifier),
        code_challenge_method: 'S256',
      });
    }
    expect(presses[0]!.verifier).not.toBe(presses[1]!.verifier);
  });
});

describe('over HTTP', () => {
  let server: TokenServer;
  let other: TokenServer;
  beforeAll(async () => {
    server = await TokenServer.start();
    other = await TokenServer.start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    server.requests.length = 0;
    other.requests.length = 0;
    server.answer = () => ({
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"invalid_grant"}',
    });
  });
  const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });
  const provider = (data: Partial<Provider> = {}): Provider => ({
    ...schwab.provider,
    tokenEndpoint: server.url,
    ...data,
  });

  test('the token endpoint is asked with a code and its verifier, or with a refresh token, and in no other way', async () => {
    expect(Object.keys(endpoint).toSorted()).toEqual(['exchange', 'identify', 'readCallback', 'refresh']);
    const scoped = provider({ scope: 'readonly' });
    await endpoint.refresh(scoped, client, new Secret('refresh-1'));
    await endpoint.exchange(scoped, client, {
      parameters: new URLSearchParams({ code: 'code-1', state: 'state' }),
      state: 'state',
      redirectUri: 'https://grants.example.com/callback',
      codeVerifier: 'v'.repeat(43),
    });
    expect(server.requests.map(({ form }) => Object.fromEntries(form))).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'refresh-1' },
      {
        grant_type: 'authorization_code',
        code: 'code-1',
        redirect_uri: 'https://grants.example.com/callback',
        code_verifier: 'v'.repeat(43),
      },
    ]);
  });

  const answers = (members: Readonly<Record<string, unknown>>) => {
    const headers = { 'content-type': 'application/json' };
    server.answer = () => ({ status: 200, headers, body: JSON.stringify(members) });
    return endpoint.refresh(provider(), client, new Secret('refresh-1'));
  };

  // RFC 6749 appendix A.12 and A.17: 1*VSCHAR.
  test.each(['\r', '\n', '\0', '\t', '\x1b', '\x7f', '\x85', 'é', '\u2028', '\ud800'])(
    'a token with the character %j is no token, and is not in the refusal',
    async (character) => {
      for (const token of [`t0ken${character}`, `${character}t0ken`, `t0${character}ken`]) {
        for (const members of [{ access_token: token }, { access_token: 'at', refresh_token: token }]) {
          expect(await answers({ ...members, token_type: 'Bearer' })).toEqual({
            kind: 'refused',
            refusal: 'contract',
            error: 'a token has a character that none can have',
          });
        }
      }
    },
  );

  test('a token may have every printable character of ASCII, and what is said about it is left out if it has another', async () => {
    const every = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
    const tokens = { access_token: `a${every}z`, refresh_token: `r${every}z` };
    const good = await answers({ ...tokens, token_type: 'DPoP', scope: 'api trade' });
    expect(good).toMatchObject({ kind: 'tokens', tokens: { tokenType: 'DPoP', scope: 'api trade' } });
    const odd = await answers({ ...tokens, token_type: 'Bearer\r\nX-Evil: 1', scope: 'api\n' });
    expect(odd).toMatchObject({ kind: 'tokens', tokens: { tokenType: 'Bearer', scope: undefined } });
    if (odd.kind !== 'tokens') throw new Error('refused');
    expect([odd.tokens.accessToken.reveal(), odd.tokens.refreshToken?.reveal()]).toEqual([
      tokens.access_token,
      tokens.refresh_token,
    ]);
  });

  test.each([
    ['9007199254740992', '9007199254740993'],
    ['90071992547409930000000001', '90071992547409930000000002'],
    ['9007199254740993', '9007199254740993.5'],
    ['-9007199254740992', '-9007199254740993'],
    ['1e400', '1e401'],
  ])('the numbers %s and %s are two subjects, and two accounts', async (one, two) => {
    const identity = { endpoint: `${server.origin}/me`, subject: '/id', accounts: '/accounts/*/number' };
    const tokens = { accessToken: new Secret('access-1'), tokenType: 'Bearer' };
    const found = [];
    for (const number of [one, two]) {
      const body = `{"id":${number},"accounts":[{"number":${number}},{"number":7},{"number":"${number}"}]}`;
      server.answer = () => ({ status: 200, headers: {}, body });
      const answer = await endpoint.identify(provider({ identity }), tokens);
      found.push(answer.kind === 'identity' ? answer.identity : {});
    }
    expect(found).toEqual([
      { subject: one, accounts: [one, '7', one] },
      { subject: two, accounts: [two, '7', two] },
    ]);
    expect(compareIdentity(found[0], found[1]!)).toBe('other');
  });

  test('an id_token whose sub is a number is of nobody: OpenID Connect wants text', async () => {
    const part = (value: string) => Buffer.from(value).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const idToken = (sub: string) =>
      [
        part('{"alg":"RS256"}'),
        part(`{"iss":"https://id.example","aud":"the-client","iat":${now},"exp":${now + 60},"sub":${sub}}`),
        part('signature'),
      ].join('.');
    const subjectOf = async (sub: string) => {
      const body = JSON.stringify({ access_token: 'a', token_type: 'Bearer', id_token: idToken(sub) });
      server.answer = () => ({ status: 200, headers: { 'content-type': 'application/json' }, body });
      const openId = provider({ identity: 'id_token', issuer: 'https://id.example' });
      const answer = await endpoint.refresh(openId, { ...client, clientId: 'the-client' }, new Secret('r'));
      return answer.kind === 'tokens' ? answer.tokens.subject : answer;
    };
    expect(await subjectOf('9007199254740993')).toBeUndefined();
    expect(await subjectOf('"9007199254740993"')).toBe('9007199254740993');
  });

  // `fetch` itself would take the token along to another path of the same host.
  test.each([
    ['path', () => `${server.origin}/elsewhere`],
    ['host', () => `${other.origin}/me`],
  ])(
    'an identity call that is redirected to another %s takes the access token nowhere',
    async (_what, to) => {
      server.answer = ({ path }) =>
        path === '/me'
          ? { status: 307, headers: { location: to() }, body: '' }
          : { status: 200, headers: {}, body: '{"sub":"demo"}' };
      other.answer = () => ({ status: 200, headers: {}, body: '{"sub":"demo"}' });
      const identity = { endpoint: `${server.origin}/me`, subject: '/sub' };
      const found = await endpoint.identify(provider({ identity }), { accessToken: new Secret('access-1') });
      expect(found).toEqual({ kind: 'unavailable', error: 'HTTP 307' });
      // It is asked a second time before it counts as unavailable.
      expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
        ['/me', 'Bearer access-1'],
        ['/me', 'Bearer access-1'],
      ]);
      expect(other.requests).toEqual([]);
    },
  );

  test.each([200, 201, 202, 206])('a token set under status %i is taken', async (status) => {
    server.answer = () => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: '{"access_token":"access-2","token_type":"bearer","expires_in":1800,"refresh_token":"refresh-2"}',
    });
    const answer = await endpoint.refresh(provider({}), client, new Secret('refresh-1'));
    expect(answer).toMatchObject({ kind: 'tokens', tokens: { expiresInSeconds: 1800 } });
    if (answer.kind === 'tokens') expect(answer.tokens.refreshToken?.reveal()).toBe('refresh-2');
  });

  test.each([
    [503, 'Service Unavailable', 'HTTP 503'],
    [401, '{"error":"invalid_token"}', 'HTTP 401'],
    [200, '<html>', 'not JSON'],
  ])('an identity call answered by %i %s twice is unavailable', async (status, body, error) => {
    server.answer = () => ({ status, headers: {}, body });
    const identity = { endpoint: `${server.origin}/me`, subject: '/sub' };
    const found = await endpoint.identify(provider({ identity }), { accessToken: new Secret('access-1') });
    expect(found).toEqual({ kind: 'unavailable', error });
    expect(server.requests).toHaveLength(2);
  });

  test('an identity call whose first answer is a 503 is asked again', async () => {
    const answers = [503, 200];
    server.answer = () => ({ status: answers.shift()!, headers: {}, body: '{"sub":"demo"}' });
    const identity = { endpoint: `${server.origin}/me`, subject: '/sub' };
    const found = await endpoint.identify(provider({ identity }), { accessToken: new Secret('access-1') });
    expect(found).toEqual({ kind: 'identity', identity: { subject: 'demo' } });
  });
});

// The adapter reads the provider's answer on the callback: RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9207.
const issuer = 'https://login.example.com';
const random = 'q1W2e3R4t5Y6u7I8o9P0';
const state = `login-main.authorization.${random}`;
const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });

function answerTo(parameters: Record<string, string> | string, data: Partial<Provider> = {}) {
  const provider = ProviderSchema.parse({
    displayName: 'Example',
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    issuer,
    accessTokenLifetimeSeconds: 3600,
    limits: {},
    ...data,
  });
  const query = new URLSearchParams(parameters);
  query.set('state', state);
  return endpoint.readCallback(provider, client, query, state);
}

describe('an error of the authorization endpoint', () => {
  test.each([
    ['access_denied', 'declined'],
    ['temporarily_unavailable', 'unavailable'],
    ['server_error', 'unavailable'],
    ['login_required', 'unfinished'],
    ['interaction_required', 'unfinished'],
    ['consent_required', 'unfinished'],
    ['account_selection_required', 'unfinished'],
    ['invalid_request', 'request-rejected'],
    ['unauthorized_client', 'request-rejected'],
    ['unsupported_response_type', 'request-rejected'],
    ['invalid_scope', 'request-rejected'],
    ['invalid_target', 'request-rejected'],
    ['registration_not_supported', 'request-rejected'],
    ['some_code_of_its_own', 'request-rejected'],
  ])('%s is %s', async (error, refusal) => {
    expect(await answerTo({ error })).toEqual({ kind: 'refused', refusal, error });
  });

  test.each(['__proto__', 'constructor', 'ACCESS_DENIED', 'access_denied ', '<b>', 'x'.repeat(61)])(
    '%j is the operator’s, and not shown unless it is a plain code',
    async (error) => {
      expect(await answerTo({ error })).toEqual({
        kind: 'refused',
        refusal: 'request-rejected',
        error: /^[a-z_]{1,60}$/.test(error) ? error : 'an unknown error',
      });
    },
  );

  test('that asks for a dialogue is the operator’s where the request itself forbids one', async () => {
    const forbidden = { authorizationParameters: { prompt: 'none' } };
    expect(await answerTo({ error: 'login_required' }, forbidden)).toMatchObject({
      refusal: 'request-rejected',
    });
    const asked = { authorizationParameters: { prompt: 'login consent' } };
    expect(await answerTo({ error: 'login_required' }, asked)).toMatchObject({ refusal: 'unfinished' });
  });

  test('has its description, sanitised', async () => {
    const error_description = `Invalid scopes:\r\n offline_access (${random}, code eyJhbGciOiJSUzI1NiJ9)`;
    expect(await answerTo({ error: 'invalid_scope', error_description })).toEqual({
      kind: 'refused',
      refusal: 'request-rejected',
      error: 'invalid_scope',
      description: 'Invalid scopes: offline_access ([redacted], code [redacted])',
    });
  });
});

describe('an issuer that is not the configured one', () => {
  test.each([
    ['a trailing slash', `iss=${issuer}/&code=c`, `${issuer}/`],
    ['another host', 'iss=https://attacker.example&code=c', 'https://attacker.example'],
    ['beside an error', 'iss=https://attacker.example&error=access_denied', 'https://attacker.example'],
    ['twice', `iss=${issuer}&iss=${issuer}&code=c`, `${issuer},${issuer}`],
    ['nothing in it', 'iss=&code=c', ''],
    ['signs of no URL', 'iss=%3Cb%3E%0D%0A&code=c', '?b???'],
    ['the state in it', `iss=https://attacker.example/${random}&code=c`, '[redacted]'],
  ])('is named: %s', async (_what, query, received) => {
    expect(await answerTo(query)).toEqual({ kind: 'other-issuer', received });
  });

  test('that is missing is one where it is promised', async () => {
    const promised = { authorizationResponseIss: true };
    expect(await answerTo('code=c', promised)).toEqual({ kind: 'other-issuer', received: undefined });
    expect(await answerTo('code=c')).toEqual({ kind: 'code' });
    expect(await answerTo(`code=c&iss=${issuer}`, promised)).toEqual({ kind: 'code' });
  });

  test('is not known where no issuer is configured', async () => {
    expect(await answerTo('code=c&iss=https://any.example', { issuer: undefined })).toEqual({ kind: 'code' });
  });
});

test.each(['', 'code=', 'code=a&code=b', 'code=c&id_token=x', 'error=access_denied&error=x'])(
  '%j is no answer',
  async (query) => {
    expect(await answerTo(query)).toEqual({ kind: 'invalid' });
  },
);
