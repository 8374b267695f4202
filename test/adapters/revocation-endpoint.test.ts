/** Tokens given back over HTTP (RFC 7009), and what each answer means. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { oauthRevocationEndpoint } from '../../adapters/revocation-endpoint.ts';
import { StoreUnavailableError } from '../../core/errors.ts';
import type { Revocation } from '../../core/grant.ts';
import type { RevocationAnswer } from '../../core/token-answer.ts';
import { presets, type Provider, ProviderSchema } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { revoke as revokeAll } from '../../app/login/revoke-stored.ts';
import { schwab } from '../helpers/core-samples.ts';
import { client } from '../helpers/kept-grant.ts';
import { TokenServer } from '../helpers/token-server.ts';

let server: TokenServer;
beforeAll(async () => {
  server = await TokenServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.requests.length = 0;
});

const provider = (change: Partial<Provider> = {}): Provider =>
  ProviderSchema.parse({
    displayName: 'Example',
    authorizationEndpoint: `${server.origin}/authorize`,
    tokenEndpoint: `${server.origin}/token`,
    revocationEndpoint: `${server.origin}/revoke`,
    accessTokenLifetimeSeconds: 3600,
    limits: {},
    ...change,
  });
const answers = (status: number, body = '', headers = {}) =>
  (server.answer = () => ({ status, headers: { 'content-type': 'application/json', ...headers }, body }));
const revoke = (of: Provider, type: 'refresh_token' | 'access_token' = 'refresh_token', timeoutMs = 20_000) =>
  oauthRevocationEndpoint({ timeoutMs }).revoke(of, client, new Secret('token 1+/='), type);

test.each([
  ['client_secret_basic', /^Basic /, {}],
  [
    'client_secret_post',
    undefined,
    { client_id: client.clientId, client_secret: client.clientSecret.reveal() },
  ],
] as const)(
  'a token goes to its endpoint with the client’s credentials: %s',
  async (clientAuthentication, header, form) => {
    answers(200);
    expect(await revoke(provider({ clientAuthentication }))).toBe('revoked');
    const [request] = server.requests;
    expect(request).toMatchObject({ path: '/revoke' });
    expect(Object.fromEntries(request!.form)).toEqual({
      token: 'token 1+/=',
      token_type_hint: 'refresh_token',
      ...form,
    });
    if (header) expect(request!.headers.authorization).toMatch(header);
    else expect(request!.headers.authorization).toBeUndefined();
  },
);

test.each([
  ['revoked', 200, '<html>whatever</html>'],
  ['not-offered', 400, '{"error":"unsupported_token_type"}'],
  ['refused', 401, '{"error":"invalid_client"}'],
  ['refused', 400, '{"error":"invalid_request"}'],
  ['refused', 302, ''],
  ['unavailable', 503, ''],
  ['unavailable', 429, '{}'],
  ['unavailable', 404, '<html>Not found</html>'],
] as const)('the answer means %s: %i %s', async (meaning, status, body) => {
  answers(status, body, status === 302 ? { location: `${server.origin}/elsewhere` } : {});
  expect(await revoke(provider(), 'access_token')).toBe(meaning);
  expect(server.requests.map(({ path }) => path)).toEqual(['/revoke']);
});

test('no answer at all, and one that comes too late, are unavailable', async () => {
  server.answer = () => undefined;
  expect(await revoke(provider())).toBe('unavailable');
  server.answer = () => new Promise(() => undefined);
  expect(await revoke(provider(), 'refresh_token', 300)).toBe('unavailable');
});

test('where data and metadata have no endpoint nothing is sent; of Schwab’s none is known', async () => {
  expect(await revoke(provider({ revocationEndpoint: undefined }))).toBe('not-offered');
  expect(server.requests).toEqual([]);
  expect(presets.schwab!.revocationEndpoint).toBeUndefined();
});

const metadata = (change: object) =>
  JSON.stringify({
    issuer: server.origin,
    authorization_endpoint: `${server.origin}/authorize`,
    token_endpoint: `${server.origin}/token`,
    ...change,
  });

test.each([
  ['of the issuer’s host is used', () => `${server.origin}/give-back`, 'revoked', '/give-back'],
  ['of another host is not spoken to', () => 'https://attacker.example/revoke', 'not-offered', undefined],
  ['that is not there is none', () => undefined, 'not-offered', undefined],
])('an endpoint of metadata %s', async (_what, endpoint, outcome, path) => {
  const body = metadata({ revocation_endpoint: endpoint() });
  server.answer = () => ({ status: 200, headers: { 'content-type': 'application/json' }, body });
  const { origin: issuer } = server;
  const found = provider({
    metadata: 'oauth',
    issuer,
    authorizationEndpoint: undefined,
    tokenEndpoint: undefined,
    revocationEndpoint: undefined,
  });
  expect(await revoke(found)).toBe(outcome);
  expect(server.requests.map((request) => request.path)).toEqual([
    '/.well-known/oauth-authorization-server',
    ...(path === undefined ? [] : [path]),
  ]);
});

test.each([
  ['unavailable', 503],
  ['refused', 404],
])('metadata that does not come is %s: %i', async (meaning, status) => {
  answers(status);
  const found = provider({ metadata: 'oauth', issuer: server.origin, tokenEndpoint: undefined });
  expect(await revoke(found)).toBe(meaning);
});

test('provider data may name an https endpoint, and no other', () => {
  const data = (revocationEndpoint: string) =>
    ProviderSchema.safeParse({ ...presets.schwab, revocationEndpoint }).success;
  expect(data('https://api.example.com/revoke')).toBe(true);
  expect(data('http://api.example.com/revoke')).toBe(false);
});

describe('of all that is stored', () => {
  const held = [
    { token: new Secret('refresh'), type: 'refresh_token' },
    { token: new Secret('access'), type: 'access_token' },
  ] as const;
  const ports = (...given: RevocationAnswer[]) => ({
    clients: { read: async () => client },
    revocationEndpoint: { revoke: async () => given.shift()! },
  });
  const fail = () => Promise.reject(new Error('Nobody was to be asked.'));
  const noPorts = { clients: { read: fail }, revocationEndpoint: { revoke: fail } };

  test.each<[Revocation, RevocationAnswer, RevocationAnswer]>([
    ['revoked', 'revoked', 'revoked'],
    ['revoked', 'revoked', 'not-offered'],
    ['not-offered', 'not-offered', 'not-offered'],
    ['refused', 'refused', 'revoked'],
    ['refused', 'revoked', 'refused'],
  ])('it says %s when the refresh token was %s and the access token %s', async (outcome, ...given) => {
    const of = { ...schwab, provider: provider() };
    expect(await revokeAll(of, held, 0, ports(...given))).toBe(outcome);
  });

  test('nothing is asked for where there is no token, or no such endpoint', async () => {
    expect(await revokeAll({ ...schwab, provider: provider() }, [], 0, noPorts)).toBe('nothing');
    expect(await revokeAll(schwab, held, 0, noPorts)).toBe('not-offered');
  });

  test('silence is waited for four times, also if the other token was refused', async () => {
    const of = { ...schwab, provider: provider() };
    await expect(revokeAll(of, held, 3, ports('refused', 'unavailable'))).rejects.toMatchObject({
      name: 'TokenEndpointUnavailableError',
    });
    expect(await revokeAll(of, held, 4, ports('refused', 'unavailable'))).toBe('unanswered');
  });

  test('credentials that cannot be read now are no refusal', async () => {
    const clients = { read: () => Promise.reject(new StoreUnavailableError('a simulated fault')) };
    const of = { ...schwab, provider: provider() };
    await expect(revokeAll(of, held, 4, { ...ports(), clients })).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
  });
});
