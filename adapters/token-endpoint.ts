import { setTimeout } from 'node:timers/promises';

import * as oauth from 'oauth4webapi';

import { classifyAuthorizationError } from '../core/authorization-answer.ts';
import { valuesAt } from '../core/identity.ts';
import type { Identity } from '../core/identity.ts';
import { parseJson, parseJsonExactly } from '../core/parse-json.ts';
import type { AuthorizationAnswer } from '../core/authorization-answer.ts';
import type { Client } from '../core/client-credentials.ts';
import type { IdentityAnswer, TokenAnswer } from '../core/token-answer.ts';
import type { TokenEndpoint } from '../core/ports.ts';
import type { Provider } from '../core/provider.ts';
import { isLoopback } from '../core/provider.ts';
import { describedIn, sanitisedIssuer, sanitisedText } from '../core/provider-text.ts';
import { Secret } from '../core/secret.ts';
import { isPrintable } from '../core/token-answer.ts';
import { classifyRefusal } from '../core/token-refusal.ts';
import { fetchBounded, maximumBodyBytes, TooLargeError } from './bounded-fetch.ts';
import { providerEndpoints } from './provider-endpoints.ts';
import { systemClock } from './system.ts';

/** A hundred years. A `Date` could not hold some longer times. */
const longestExpirySeconds = 100 * 365 * 24 * 3600;

type GrantType = 'authorization_code' | 'refresh_token';

/**
 * The client of a provider's token endpoint. Passes on no error of the library or of `fetch`, because their causes hold
 * requests and responses with tokens.
 */
export function oauthTokenEndpoint({ timeoutMs }: { readonly timeoutMs: number }): TokenEndpoint {
  const findEndpoints = providerEndpoints(systemClock);

  /** Finds the token endpoint and sends one request to it. */
  async function ask(
    provider: Provider,
    grantType: GrantType,
    /** The credentials in the request, which are removed from descriptions. */
    credentials: readonly string[],
    request: (
      server: oauth.AuthorizationServer,
      options: oauth.TokenEndpointRequestOptions,
    ) => Promise<Response>,
    process: (server: oauth.AuthorizationServer, response: Response) => Promise<oauth.TokenEndpointResponse>,
  ): Promise<TokenAnswer> {
    const found = await findEndpoints(provider);
    if (found.kind === 'refused') return found;
    const { tokenEndpoint } = found.endpoints;
    const server = { ...serverOf(provider), token_endpoint: tokenEndpoint };
    const options = {
      [oauth.customFetch]: fetchBounded,
      [oauth.allowInsecureRequests]: isLoopback(new URL(tokenEndpoint).hostname),
      signal: AbortSignal.timeout(timeoutMs),
    };
    return answerOf(
      provider,
      grantType,
      credentials,
      () => request(server, options),
      (response) => process(server, response),
    );
  }

  return {
    async readCallback(provider, client, parameters, state) {
      const credentials = [...parameters.getAll('code'), state.split('.').at(-1)!];
      const found = await findEndpoints(provider, 'for-callback');
      if (found.kind === 'refused') return found;
      const otherIssuer = otherIssuerIn(parameters, provider, found.endpoints.promisesIss, credentials);
      if (otherIssuer !== undefined) return otherIssuer;
      try {
        oauth.validateAuthResponse(
          serverOf(provider),
          { client_id: client.clientId },
          known(provider, parameters),
          state,
        );
        const [code, ...more] = parameters.getAll('code');
        return { kind: code && more.length === 0 ? 'code' : 'invalid' };
      } catch (error) {
        if (!(error instanceof oauth.AuthorizationResponseError)) return { kind: 'invalid' };
        const description = sanitisedText(error.error_description, credentials);
        return {
          kind: 'refused',
          refusal: classifyAuthorizationError(error.error, provider),
          error: /^[a-z_]{1,60}$/.exec(error.error)?.[0] ?? 'an unknown error',
          ...(description !== undefined && { description }),
        };
      }
    },

    async refresh(provider, client, refreshToken) {
      const oauthClient = { client_id: client.clientId };
      return ask(
        provider,
        'refresh_token',
        [client.clientSecret.reveal(), refreshToken.reveal()],
        (server, options) =>
          oauth.refreshTokenGrantRequest(
            server,
            oauthClient,
            authenticationOf(provider, client),
            refreshToken.reveal(),
            options,
          ),
        (server, response) => oauth.processRefreshTokenResponse(server, oauthClient, response),
      );
    },

    async exchange(provider, client, { parameters, state, redirectUri, codeVerifier }) {
      const oauthClient = { client_id: client.clientId };
      const answer = known(provider, parameters);
      const checked = oauth.validateAuthResponse(serverOf(provider), oauthClient, answer, state);
      return ask(
        provider,
        'authorization_code',
        [client.clientSecret.reveal(), ...parameters.getAll('code'), codeVerifier],
        (server, options) =>
          oauth.authorizationCodeGrantRequest(
            server,
            oauthClient,
            authenticationOf(provider, client),
            checked,
            redirectUri,
            codeVerifier,
            options,
          ),
        (server, response) => oauth.processAuthorizationCodeResponse(server, oauthClient, response),
      );
    },

    async identify({ identity }, tokens) {
      const notified = (found: Identity): IdentityAnswer => ({ kind: 'identity', identity: found });
      if (identity === undefined) return notified({});
      if (identity === 'id_token')
        return notified(tokens.subject === undefined ? {} : { subject: tokens.subject });
      const answer = await readIdentity(identity.endpoint, tokens.accessToken);
      if (answer.kind === 'unavailable') return answer;
      const subject = identity.subject && valuesAt(answer.document, identity.subject)[0];
      const accounts = identity.accounts && valuesAt(answer.document, identity.accounts);
      return notified({ ...(subject && { subject }), ...(accounts && accounts.length > 0 && { accounts }) });
    },
  };
}

/**
 * Answers `other-issuer` if `iss` is not the configured issuer, or is missing although the provider promises it.
 * @see RFC 9207 §2.4
 */
function otherIssuerIn(
  parameters: URLSearchParams,
  { issuer }: Provider,
  promisesIss: boolean,
  credentials: readonly string[],
): AuthorizationAnswer | undefined {
  const [received, ...more] = parameters.getAll('iss');
  if (received === undefined) return promisesIss ? { kind: 'other-issuer', received } : undefined;
  if (issuer === undefined || (received === issuer && more.length === 0)) return undefined;
  const claimed = [received, ...more].join(',');
  return { kind: 'other-issuer', received: sanitisedIssuer(claimed, credentials) };
}

/** Removes `iss` if the provider's data names no issuer to compare it with (RFC 9207 §2.4). */
function known(provider: Provider, parameters: URLSearchParams): URLSearchParams {
  const comparable = new URLSearchParams(parameters);
  if (provider.issuer === undefined) comparable.delete('iss');
  return comparable;
}

export function serverOf(provider: Provider): oauth.AuthorizationServer {
  return {
    // The library requires an issuer, even if there is no `iss` to compare.
    issuer: provider.issuer ?? 'unknown',
    // Accept every algorithm: the id_token comes over TLS from the token endpoint (OpenID Connect Core §3.1.3.7, 6).
    id_token_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    authorization_response_iss_parameter_supported: provider.authorizationResponseIss,
  };
}

export function authenticationOf(provider: Provider, client: Client): oauth.ClientAuth {
  const secret = client.clientSecret.reveal();
  return provider.clientAuthentication === 'client_secret_post'
    ? oauth.ClientSecretPost(secret)
    : oauth.ClientSecretBasic(secret);
}

async function answerOf(
  provider: Provider,
  grantType: GrantType,
  credentials: readonly string[],
  request: () => Promise<Response>,
  process: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<TokenAnswer> {
  let status: number;
  let body: string;
  try {
    const response = await request();
    status = response.status;
    body = await response.text();
  } catch (error) {
    return error instanceof TooLargeError
      ? { kind: 'refused', refusal: 'contract', error: `more than ${maximumBodyBytes} bytes` }
      : { kind: 'refused', refusal: 'unavailable', error: 'not reached in time' };
  }
  // Some send 201 or 206 (RFC 6749 §5.1 says 200). The tokens are real, and with rotation the old one is spent.
  const read = status >= 200 && status < 300 ? readTokenSet(body) : undefined;
  if (read === undefined) {
    const refusal = classifyRefusal(provider, grantType, { status, body });
    return { kind: 'refused', ...refusal, ...describedIn(body, credentials) };
  }
  try {
    const { tokenSet, idToken } = read;
    // The library refuses token types that it does not know. Keep the tokens and let the consumer decide.
    const valid = await process(Response.json({ ...tokenSet, token_type: 'bearer' }));
    if (![valid.access_token, valid.refresh_token ?? valid.access_token].every(isPrintable))
      return { kind: 'refused', refusal: 'contract', error: 'a token has a character that none can have' };
    return {
      kind: 'tokens',
      tokens: {
        accessToken: new Secret(valid.access_token),
        tokenType: tokenSet.token_type,
        scope: valid.scope,
        expiresInSeconds: valid.expires_in,
        refreshToken: valid.refresh_token === undefined ? undefined : new Secret(valid.refresh_token),
        subject: provider.identity === 'id_token' ? await subjectOf(idToken, tokenSet, process) : undefined,
      },
    };
  } catch {
    return { kind: 'refused', refusal: 'contract', error: 'not a valid token response' };
  }
}

/** The subject of a valid `id_token`. An invalid one does not make the other tokens invalid. */
async function subjectOf(
  idToken: unknown,
  tokenSet: RawTokenSet,
  process: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<string | undefined> {
  try {
    const answer = { ...tokenSet, token_type: 'bearer', id_token: idToken };
    return oauth.getValidatedIdTokenClaims(await process(Response.json(answer)))?.sub;
  } catch {
    return undefined;
  }
}

/** Two attempts and a pause fit into a function's time, beside a token request and storing. */
const identityTimeoutMs = 4_000;
const identityPauseMs = 250;

type IdentityDocument =
  | { readonly kind: 'document'; readonly document: unknown }
  | Extract<IdentityAnswer, { kind: 'unavailable' }>;

/** Calls the identity endpoint, and retries once. */
async function readIdentity(endpoint: string, accessToken: Secret): Promise<IdentityDocument> {
  const first = await askIdentity(endpoint, accessToken);
  if (first.kind === 'document') return first;
  await setTimeout(identityPauseMs);
  return askIdentity(endpoint, accessToken);
}

async function askIdentity(endpoint: string, accessToken: Secret): Promise<IdentityDocument> {
  const unavailable = (error: string) => ({ kind: 'unavailable' as const, error });
  let response: Response;
  try {
    response = await fetchBounded(endpoint, {
      headers: { authorization: `Bearer ${accessToken.reveal()}`, accept: 'application/json' },
      signal: AbortSignal.timeout(identityTimeoutMs),
    });
  } catch (error) {
    return unavailable(
      error instanceof TooLargeError ? `more than ${maximumBodyBytes} bytes` : 'not reached in time',
    );
  }
  if (response.status !== 200) return unavailable(`HTTP ${response.status}`);
  const document = parseJsonExactly(await response.text());
  return document === undefined ? unavailable('not JSON') : { kind: 'document', document };
}

/**
 * Corrects common mistakes in a token response: an invalid `id_token`, `expires_in` as text, an empty refresh token, and a
 * missing type or one that no header can have. Undefined if it is not a token response.
 */
function readTokenSet(
  body: string,
): { readonly tokenSet: RawTokenSet; readonly idToken: unknown } | undefined {
  const parsed = parseJson(body);
  if (typeof parsed !== 'object' || parsed === null || !('access_token' in parsed)) return undefined;
  const { id_token: idToken, ...tokenSet } = parsed as Record<string, unknown>;
  if (typeof tokenSet.expires_in === 'string' && /^\d+$/.test(tokenSet.expires_in)) {
    tokenSet.expires_in = Number(tokenSet.expires_in);
  }
  const { expires_in: expiresIn } = tokenSet;
  const isTime = typeof expiresIn === 'number' && expiresIn > 0 && expiresIn <= longestExpirySeconds;
  if (!isTime) delete tokenSet.expires_in;
  if (tokenSet.refresh_token === '' || tokenSet.refresh_token === null) delete tokenSet.refresh_token;
  const { scope, token_type: type } = tokenSet;
  if (typeof scope !== 'string' || !isPrintable(scope)) delete tokenSet.scope;
  return {
    tokenSet: { ...tokenSet, token_type: typeof type === 'string' && isPrintable(type) ? type : 'Bearer' },
    idToken,
  };
}

interface RawTokenSet extends Record<string, unknown> {
  /** In the provider's spelling. */
  readonly token_type: string;
}
