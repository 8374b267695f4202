/** The adapter reads the provider's answer on the callback: RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9207. */
import { describe, expect, test } from '@jest/globals';

import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import type { Provider } from '../../core/provider.ts';
import { ProviderSchema } from '../../core/provider.ts';
import { client } from '../helpers/kept-grant.ts';

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
