import type { Secret } from './secret.ts';
import type { Identity } from './identity.ts';
import { parseJson } from './parse-json.ts';
import type { Provider } from './provider.ts';

/** What a token endpoint's refusal means for us, whatever words the provider chose. */
export type Refusal =
  /** The code or the refresh token is dead: the owner must log in. */
  | 'grant-rejected'
  /** The same rejection with a status such as 503: believed only if a later check gets it again. */
  | 'grant-doubted'
  /** The client's own credentials were refused: an operator must act. */
  | 'client-rejected'
  /** Nothing was decided: try again with the same refresh token. */
  | 'unavailable'
  /** An answer that neither the RFC nor the provider's data allows. */
  | 'contract';

export interface TokenErrorAnswer {
  readonly status: number;
  /** The body as it came: not always JSON, even when it says so. */
  readonly body: string;
}

/**
 * Classifies an answer that is not a token set (RFC 6749 §5.2, and what providers send in its place).
 * @returns the meaning, and the error code if there is one that is safe to log
 */
export function classifyRefusal(
  provider: Pick<Provider, 'rejectedGrantTexts'>,
  grantType: 'authorization_code' | 'refresh_token',
  answer: TokenErrorAnswer,
): { readonly refusal: Refusal; readonly error: string } {
  const { status, body } = answer;
  const code = errorCode(body);
  const as = (refusal: Refusal) => ({ refusal, error: code ?? `HTTP ${status}` });

  if (status >= 300 && status < 400) return as('contract');
  const isTransient = status >= 500 || [408, 425, 429].includes(status);
  // Such texts come with a code that means something else, so they count beside the code.
  if (code === 'invalid_grant' || (grantType === 'refresh_token' && says(body, provider.rejectedGrantTexts)))
    return as(isTransient ? 'grant-doubted' : 'grant-rejected');
  if (code === 'invalid_client' || code === 'unauthorized_client') return as('client-rejected');
  if (isTransient) return as('unavailable');
  if (code === 'temporarily_unavailable' || code === 'server_error') return as('unavailable');
  if (code !== undefined) return as('contract');
  if ((status < 300 || status === 400) && isJsonObject(body)) return as('contract');
  // HTTP's own way to refuse a client's credentials; not if it is a page that says so.
  if (status === 401 && !/^\s*</.test(body)) return as('client-rejected');
  // A page from the edge, half an answer or nothing at all: the authorization server itself has not spoken.
  return as('unavailable');
}

/**
 * True if the text can be a token, or a client's id or secret (RFC 6749 appendix A: `1*VSCHAR`). An HTTP library refuses other
 * characters in a header, and quotes them in its error.
 */
export function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

function says(body: string, texts: readonly string[]): boolean {
  const lowerCase = body.toLowerCase();
  return texts.some((text) => lowerCase.includes(text.toLowerCase()));
}

function isJsonObject(body: string): boolean {
  return /^\s*\{/.test(body) && parseJson(body) !== undefined;
}

/** The outermost `error` member (RFC 6749 §5.2), also of a body that is almost JSON. */
function errorCode(body: string): string | undefined {
  return /^\s*\{[^{}]*?"error"\s*:\s*"([a-z_]{1,60})"/.exec(body)?.[1];
}

/** A validated token response (RFC 6749 §5.1). */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly refreshToken?: Secret | undefined;
  /** The `sub` of a valid `id_token`, where the provider's data says that it tells whose grant it is. */
  readonly subject?: string | undefined;
}

export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly tokens: TokenSet }
  | ({ readonly kind: 'refused'; readonly refusal: Refusal } & Said);

/** A provider's own words for a refusal. Both are safe to log and to show to operators. */
export interface Said {
  /** An error code; without one, the HTTP status or what went wrong. */
  readonly error: string;
  /** Its own words, sanitised. */
  readonly description?: string | undefined;
}

export type IdentityAnswer =
  /** Empty where the provider tells nothing. */
  | { readonly kind: 'identity'; readonly identity: Identity }
  /** The provider gave no readable answer; `error` is safe to show. */
  | { readonly kind: 'unavailable'; readonly error: string };

export interface CodeExchange {
  /** The callback's query parameters, checked before. */
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/**
 * What became of a token that was given back:
 * - `not-offered`: the provider has no place for it, or none for tokens of that type
 * - `refused`: it will not take it, whatever is tried again
 * - `unavailable`: it did not answer; it may take it another time
 */
export type RevocationAnswer = 'revoked' | 'not-offered' | 'refused' | 'unavailable';
