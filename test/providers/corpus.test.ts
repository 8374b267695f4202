/** Every answer that providers are known to give, through the real token endpoint adapter and `refresh-tokens`. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import type { TokenAnswer, TokenSet } from '../../core/token-answer.ts';
import type { Provider } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import type { Settings } from '../../core/settings.ts';
import { kinds } from '../fixtures/providers/kinds.ts';
import { iso, minuteMs, ms, schwab } from '../helpers/core-samples.ts';
import { client, firstTokens, KeptGrant } from '../helpers/kept-grant.ts';
import type { ProviderAnswer } from '../helpers/provider-answers.ts';
import { providerAnswers } from '../helpers/provider-answers.ts';
import { TokenServer } from '../helpers/token-server.ts';

const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });
const answers = providerAnswers();
const loginMs = ms('2026-01-05T12:00:00Z');

let server: TokenServer;
beforeAll(async () => {
  server = await TokenServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const ofKind = (kind: string): Settings => {
  const provider = { ...(kinds as Record<string, { provider: Provider }>)[kind]!.provider };
  // Without `identity`: the endpoint of Schwab's preset is on the Internet.
  return { ...schwab, provider: { ...provider, identity: undefined, tokenEndpoint: server.url } };
};

/** Logged in half an hour ago, less a margin: the access token is about to end. */
function kept(kind: string): KeptGrant {
  const settings = ofKind(kind);
  const grant = new KeptGrant(settings, endpoint, loginMs);
  grant.logIn(firstTokens(1800));
  grant.nowMs += 25 * minuteMs;
  return grant;
}

function ask({ kind, request, http }: ProviderAnswer): Promise<TokenAnswer> {
  server.answer = () => http;
  const { provider, redirectUri } = ofKind(kind);
  if (request === 'refresh_token') return endpoint.refresh(provider, client, new Secret('refresh-1'));
  const parameters = new URLSearchParams({ code: 'C0.Y29kZQ==@', state: 'state' });
  return endpoint.exchange(provider, client, {
    parameters,
    state: 'state',
    redirectUri,
    codeVerifier: 'v'.repeat(43),
  });
}

/** With the credentials in clear, and nothing that is undefined. */
function inClear(answer: TokenAnswer): unknown {
  if (answer.kind === 'refused') return answer;
  const clear = (value: unknown) => (value instanceof Secret ? value.reveal() : value);
  const members = Object.entries(answer.tokens).filter(([, value]) => value !== undefined);
  return { kind: 'tokens', tokens: Object.fromEntries(members.map(([name, value]) => [name, clear(value)])) };
}

test('the corpus has every kind of answer, and bodies that are no JSON', () => {
  expect(answers).toHaveLength(39);
  const meanings = answers.map(({ answer }) => (answer.kind === 'refused' ? answer.refusal : answer.kind));
  expect([...new Set(meanings)].toSorted()).toEqual([
    'client-rejected',
    'contract',
    'grant-rejected',
    'tokens',
    'unavailable',
  ]);
  const isJson = ({ http }: ProviderAnswer) => {
    try {
      return JSON.parse(http.body) !== undefined;
    } catch {
      return false;
    }
  };
  expect(answers.filter((answer) => !isJson(answer)).map(({ name }) => name)).toEqual([
    'rfc6749/redirect',
    'schwab/access-denied-login',
    'schwab/access-denied',
    'schwab/bad-gateway',
    'schwab/dead-a-gzip',
    'schwab/dead-a',
    'schwab/dead-b',
    'schwab/gateway-timeout',
    'schwab/internal-server-error',
    'schwab/service-unavailable',
    'schwab/too-many-requests',
  ]);
});

test.each(answers.map((answer) => [answer.name, answer] as const))(
  '%s is understood',
  async (_name, answer) => {
    expect(inClear(await ask(answer))).toEqual(answer.answer);
  },
);

describe('a check that refreshes goes on as it must after', () => {
  test.each(
    answers
      .filter(({ request }) => request === 'refresh_token')
      .map((answer) => [answer.name, answer] as const),
  )('%s', async (_name, { kind, http, outcome, decision, answer }) => {
    const grant = kept(kind);
    const { grantVersionId, accessVersionId } = grant.grant;
    server.answer = () => http;

    expect(await grant.check()).toMatchObject({ outcome, decision });
    if (answer.kind === 'tokens') {
      expect(grant.refreshToken).toBe(answer.tokens.refreshToken ?? 'refresh-1');
      expect(grant.access).toEqual({
        token: answer.tokens.accessToken,
        expiresAt: iso(grant.nowMs + Number(answer.tokens.expiresInSeconds ?? 1800) * 1000),
      });
      expect(grant.grant).toMatchObject({ status: 'active', authorizedAtMs: loginMs });
    } else {
      expect([grant.refreshToken, grant.access.token]).toEqual(['refresh-1', 'access-1']);
      expect(grant.grant).toMatchObject({
        status: answer.refusal === 'grant-rejected' ? 'rejected' : 'active',
        grantVersionId,
        accessVersionId,
      });
    }
  });
});

test('after a login nothing is to do until the reminder schedule begins', async () => {
  const login = answers.find(({ name }) => name === 'schwab/login')!;
  const answer = await ask(login);
  const grant = new KeptGrant(ofKind('schwab'), endpoint, loginMs);
  expect(await grant.check()).toMatchObject({ decision: { decision: 'reauthorize', reason: 'first-login' } });
  grant.logIn((answer as { tokens: TokenSet }).tokens);
  expect(await grant.check()).toEqual({ decision: login.decision });
});

describe('what Schwab is asked', () => {
  const basic = `Basic ${Buffer.from('a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6:s3cr3tS3cr3tS3cr').toString('base64')}`;
  const asked = async (name: string) => {
    await ask(answers.find((answer) => answer.name === name)!);
    return server.requests.at(-1)!;
  };

  test('a refresh is a form with HTTP Basic, and nothing else', async () => {
    const { headers, body } = await asked('schwab/refresh');
    expect(body).toBe('refresh_token=refresh-1&grant_type=refresh_token');
    expect(headers).toMatchObject({
      authorization: basic,
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    });
  });

  test('a code is decoded exactly once, though it ends in @ and has %40 in the callback', async () => {
    server.answer = () => ({ status: 400, headers: {}, body: '' });
    const parameters = new URL('https://grants.example.com/callback?code=C0.Y29k%252BZQ%3D%3D%40&state=state')
      .searchParams;
    const { provider, redirectUri } = ofKind('schwab');
    expect(await endpoint.readCallback(provider, client, parameters, 'state')).toEqual({ kind: 'code' });
    await endpoint.exchange(provider, client, {
      parameters,
      state: 'state',
      redirectUri,
      codeVerifier: 'v'.repeat(43),
    });
    const { headers, form } = server.requests.at(-1)!;
    expect(headers.authorization).toBe(basic);
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'authorization_code',
      code: 'C0.Y29k%2BZQ==@',
      redirect_uri: 'https://grants.example.com/callback',
      code_verifier: 'v'.repeat(43),
    });
  });

  test('an app that is not "Ready For Use" comes back as a login that was denied', async () => {
    const parameters = new URLSearchParams({ error: 'access_denied', state: 'state' });
    expect(await endpoint.readCallback(ofKind('schwab').provider, client, parameters, 'state')).toEqual({
      kind: 'refused',
      refusal: 'declined',
      error: 'access_denied',
    });
  });
});
