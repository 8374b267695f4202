/** Endpoints by metadata (RFC 8414, OpenID Connect Discovery 1.0), asked for over HTTP and believed only so far. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { providerEndpoints } from '../../adapters/provider-endpoints.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import type { Provider } from '../../core/provider.ts';
import { ProviderSchema } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { hourMs, ms } from '../helpers/core-samples.ts';
import { client } from '../helpers/kept-grant.ts';
import type { HttpAnswer } from '../helpers/token-server.ts';
import { TokenServer } from '../helpers/token-server.ts';

let server: TokenServer;
let foreign: TokenServer;
beforeAll(async () => {
  [server, foreign] = await Promise.all([TokenServer.start(), TokenServer.start()]);
});
afterAll(() => Promise.all([server, foreign].map((each) => each[Symbol.asyncDispose]())));

let nowMs: number;
beforeEach(() => {
  nowMs = ms('2026-01-05T12:00:00Z');
  server.requests.length = 0;
  foreign.requests.length = 0;
  server.answer = () => json(metadata());
});

const json = (body: unknown, status = 200): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const metadata = (change: object = {}) => ({
  issuer: server.origin,
  authorization_endpoint: `${server.origin}/authorize`,
  token_endpoint: `${server.origin}/token`,
  ...change,
});

const provider = (change: Partial<Provider> = {}): Provider =>
  ProviderSchema.parse({
    displayName: 'Example',
    metadata: 'openid',
    issuer: server.origin,
    accessTokenLifetimeSeconds: 3600,
    limits: {},
    ...change,
  });

const finder = (timeoutMs = 5000) => providerEndpoints({ nowMs: () => nowMs }, timeoutMs);
const refused = (refusal: string, error: string) => ({
  kind: 'refused',
  refusal,
  error: `metadata: ${error}`,
});

test('OpenID Connect appends its well-known path to the issuer', async () => {
  const issuer = `${server.origin}/tenant`;
  server.answer = () => json(metadata({ issuer }));
  expect(await finder()(provider({ issuer }))).toEqual({
    kind: 'found',
    endpoints: {
      authorizationEndpoint: `${server.origin}/authorize`,
      tokenEndpoint: `${server.origin}/token`,
      promisesIss: false,
    },
  });
  expect(server.requests.map(({ path }) => path)).toEqual(['/tenant/.well-known/openid-configuration']);
});

test('OAuth puts its own before the issuer’s path', async () => {
  const issuer = `${server.origin}/tenant`;
  server.answer = () => json(metadata({ issuer }));
  expect(await finder()(provider({ issuer, metadata: 'oauth' }))).toMatchObject({ kind: 'found' });
  expect(server.requests.map(({ path }) => path)).toEqual(['/.well-known/oauth-authorization-server/tenant']);
});

test('what the data has is not asked for, and what metadata says of it does not count', async () => {
  const tokenEndpoint = 'https://elsewhere.example/token';
  const authorizationEndpoint = 'https://elsewhere.example/authorize';
  expect(await finder()(provider({ authorizationEndpoint, tokenEndpoint }))).toEqual({
    kind: 'found',
    endpoints: { authorizationEndpoint, tokenEndpoint, promisesIss: false },
  });
  expect(server.requests).toEqual([]);
  expect(await finder()(provider({ tokenEndpoint }))).toEqual({
    kind: 'found',
    endpoints: { authorizationEndpoint: `${server.origin}/authorize`, tokenEndpoint, promisesIss: false },
  });
});

test('it is kept for an hour, and after that for as long as nobody answers', async () => {
  const find = finder();
  const found = await find(provider());
  nowMs += hourMs - 1;
  await find(provider());
  expect(server.requests).toHaveLength(1);
  nowMs += 1;
  await find(provider());
  expect(server.requests).toHaveLength(2);

  server.answer = () => json({}, 503);
  nowMs += 100 * hourMs;
  expect(await find(provider())).toEqual(found);
  expect(server.requests).toHaveLength(3);
  // An answer that must not be believed ends what was.
  server.answer = () => json(metadata({ issuer: foreign.origin }));
  expect(await find(provider())).toEqual({
    ...refused('contract', `of the issuer ${foreign.origin}`),
    otherIssuer: foreign.origin,
  });
});

test('refused metadata is read again', async () => {
  const find = finder();
  server.answer = () => json({}, 500);
  expect(await find(provider())).toEqual(refused('unavailable', 'HTTP 500'));
  server.answer = () => json(metadata());
  expect(await find(provider())).toMatchObject({ kind: 'found' });
});

test('each issuer has its own metadata', async () => {
  const find = finder();
  await find(provider());
  foreign.answer = () => json(metadata({ issuer: foreign.origin }));
  const other = provider({ issuer: foreign.origin });
  expect(await find(other)).toEqual(refused('contract', 'no authorization_endpoint on a known host'));
});

test.each<[string, (real: string) => string]>([
  ['another', () => 'https://attacker.example'],
  ['one that differs by a slash', (real) => `${real}/`],
  ['one that differs by a path', (real) => `${real}/tenant`],
])('of %s issuer, nothing is believed', async (_which, issuerOf) => {
  const issuer = issuerOf(server.origin);
  server.answer = () => json(metadata({ issuer }));
  expect(await finder()(provider())).toEqual({
    ...refused('contract', `of the issuer ${issuer}`),
    otherIssuer: issuer,
  });
});

test.each([
  ['another host', (name: string) => `https://attacker.example/${name}`],
  ['another port', (name: string) => `${foreign.origin}/${name}`],
  ['a host that begins alike', (name: string) => `https://127.0.0.1.attacker.example/${name}`],
  ['a user before the host', (name: string) => `http://user@${new URL(server.origin).host}/${name}`],
  ['the address of the instance’s own credentials', () => 'http://169.254.169.254/latest/meta-data/'],
  ['no TLS', () => 'http://example.com/token'],
  ['another scheme', () => 'file:///etc/passwd'],
  ['no URL', () => 'token'],
  ['a number', () => 7],
  ['nothing', () => undefined],
])('an endpoint with %s is refused by name', async (_where, at) => {
  const find = () => finder()(provider());
  server.answer = () => json(metadata({ token_endpoint: at('token') }));
  expect(await find()).toEqual(refused('contract', 'no token_endpoint on a known host'));
  server.answer = () => json(metadata({ authorization_endpoint: at('authorize') }));
  expect(await find()).toEqual(refused('contract', 'no authorization_endpoint on a known host'));
  expect(foreign.requests).toEqual([]);
});

test('an endpoint on a host that the data names is taken', async () => {
  const token_endpoint = `${foreign.origin}/token`;
  server.answer = () => json(metadata({ token_endpoint }));
  const endpointHosts = [new URL(foreign.origin).host];
  expect(await finder()(provider({ endpointHosts }))).toMatchObject({
    kind: 'found',
    endpoints: { tokenEndpoint: token_endpoint },
  });
});

test('a redirect is not followed', async () => {
  server.answer = () => ({ status: 302, headers: { location: `${foreign.origin}/` }, body: '' });
  expect(await finder()(provider())).toEqual(refused('contract', 'HTTP 302'));
  expect(foreign.requests).toEqual([]);
});

test.each([
  ['HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hello</h1>' }],
  ['an array', json([])],
  ['nothing', json('')],
])('%s is no metadata', async (_what, answer) => {
  server.answer = () => answer;
  expect(await finder()(provider())).toEqual(refused('contract', 'no metadata of that issuer'));
});

test('no more than 256 KiB of it are read', async () => {
  server.answer = () => json(metadata({ padding: 'x'.repeat(256 * 1024) }));
  expect(await finder()(provider())).toEqual(refused('contract', 'more than 262144 bytes'));
});

test.each([429, 500, 503])('HTTP %d is a reason to try again', async (status) => {
  server.answer = () => json({}, status);
  expect(await finder()(provider())).toEqual(refused('unavailable', `HTTP ${status}`));
});

test('so is a connection that breaks, and an answer that does not come in time', async () => {
  server.answer = () => undefined;
  expect(await finder()(provider())).toEqual(refused('unavailable', 'not reached in time'));
  const silent = new Promise<HttpAnswer>(() => undefined);
  server.answer = () => silent;
  expect(await finder(50)(provider())).toEqual(refused('unavailable', 'not reached in time'));
});

describe('iss in a callback (RFC 9207), where metadata promises it', () => {
  const promise = { authorization_response_iss_parameter_supported: true };
  const answerTo = (parameters: Record<string, string>, data: Partial<Provider> = {}) =>
    oauthTokenEndpoint({ timeoutMs: 5000 }).readCallback(
      provider(data),
      client,
      new URLSearchParams({ state: 'state', ...parameters }),
      'state',
    );

  test('is required, though nothing in the configuration says so', async () => {
    server.answer = () => json(metadata(promise));
    expect(await answerTo({ code: 'c' })).toEqual({ kind: 'other-issuer', received: undefined });
    expect(await answerTo({ error: 'access_denied' })).toEqual({ kind: 'other-issuer', received: undefined });
    expect(await answerTo({ code: 'c', iss: server.origin })).toEqual({ kind: 'code' });
  });

  test('is required, too, where the configuration has both endpoints, and metadata is asked for nothing else', async () => {
    server.answer = () => json(metadata(promise));
    const tokenEndpoint = `${server.origin}/own-token`;
    const endpoints = { authorizationEndpoint: `${server.origin}/own-authorize`, tokenEndpoint };
    expect(await answerTo({ code: 'c' }, endpoints)).toEqual({ kind: 'other-issuer', received: undefined });
    expect(await answerTo({ code: 'c', iss: server.origin }, endpoints)).toEqual({ kind: 'code' });
  });

  test.each([false, undefined, 'true'])('is not required where metadata says %s', async (said) => {
    server.answer = () => json(metadata({ authorization_response_iss_parameter_supported: said }));
    expect(await answerTo({ code: 'c' })).toEqual({ kind: 'code' });
    expect(await answerTo({ code: 'c', iss: `${server.origin}/` })).toEqual({
      kind: 'other-issuer',
      received: `${server.origin}/`,
    });
  });

  test('is not known while metadata cannot be read: the login waits', async () => {
    server.answer = () => json({}, 503);
    expect(await answerTo({ code: 'c' })).toEqual(refused('unavailable', 'HTTP 503'));
  });
});

test('a refresh and an exchange go where metadata says, and where they cannot, no credential is sent', async () => {
  const tokens = { access_token: 'access-2', token_type: 'Bearer', expires_in: 3600 };
  const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });
  server.answer = ({ path }) => json(path === '/token' ? tokens : metadata());
  const refresh = () => endpoint.refresh(provider(), client, new Secret('refresh-1'));
  expect(await refresh()).toMatchObject({ kind: 'tokens' });
  expect(server.requests.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', '/token']);

  const stricken = oauthTokenEndpoint({ timeoutMs: 5000 });
  server.requests.length = 0;
  server.answer = () => json(metadata({ token_endpoint: `${foreign.origin}/token` }));
  expect(await stricken.refresh(provider(), client, new Secret('refresh-1'))).toEqual(
    refused('contract', 'no token_endpoint on a known host'),
  );
  const sent = [...server.requests, ...foreign.requests];
  expect(sent).toHaveLength(1);
  expect(sent[0]!.headers.authorization).toBeUndefined();
});
