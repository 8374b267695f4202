import { parseJson } from './parse-json.ts';
import type { Provider } from './provider.ts';

/** The meaning of a token endpoint's refusal. */
export type TokenRefusal =
  /** The code or the refresh token is dead. The owner must log in. */
  | 'grant-rejected'
  /** The same rejection with a status such as 503. It counts only if a later check gets it again. */
  | 'grant-doubted'
  /** The provider refused the client's credentials. An operator must act. */
  | 'client-rejected'
  /** The provider decided nothing. Try again with the same refresh token. */
  | 'unavailable'
  /** An answer that neither the RFC nor the provider's data allows. */
  | 'contract';

export interface TokenErrorAnswer {
  readonly status: number;
  /** The raw body. It is not always JSON, even if its type says so. */
  readonly body: string;
}

/**
 * Classifies an answer that is not a token set (RFC 6749 §5.2, or what providers send instead).
 * @returns the meaning, and an error that is safe to log: the error code, or else the HTTP status
 */
export function classifyRefusal(
  provider: Pick<Provider, 'rejectedGrantTexts'>,
  grantType: 'authorization_code' | 'refresh_token',
  answer: TokenErrorAnswer,
): { readonly refusal: TokenRefusal; readonly error: string } {
  const { status, body } = answer;
  const code = errorCode(body);
  const as = (refusal: TokenRefusal) => ({ refusal, error: code ?? `HTTP ${status}` });

  if (status >= 300 && status < 400) return as('contract');
  const isTransient = status >= 500 || [408, 425, 429].includes(status);
  // A provider sends such a text with a code that means something else, so the text counts, too.
  if (code === 'invalid_grant' || (grantType === 'refresh_token' && says(body, provider.rejectedGrantTexts)))
    return as(isTransient ? 'grant-doubted' : 'grant-rejected');
  if (code === 'invalid_client' || code === 'unauthorized_client') return as('client-rejected');
  if (isTransient) return as('unavailable');
  if (code === 'temporarily_unavailable' || code === 'server_error') return as('unavailable');
  if (code !== undefined) return as('contract');
  if ((status < 300 || status === 400) && isJsonObject(body)) return as('contract');
  // HTTP's own refusal of the client's credentials. A page with that status comes from something in between.
  if (status === 401 && !/^\s*</.test(body)) return as('client-rejected');
  // A page from a proxy, half an answer or none: it is not from the authorization server.
  return as('unavailable');
}

function says(body: string, texts: readonly string[]): boolean {
  const lowerCase = body.toLowerCase();
  return texts.some((text) => lowerCase.includes(text.toLowerCase()));
}

function isJsonObject(body: string): boolean {
  return /^\s*\{/.test(body) && parseJson(body) !== undefined;
}

/** The outermost `error` member (RFC 6749 §5.2), even if the body is not quite JSON. */
function errorCode(body: string): string | undefined {
  return /^\s*\{[^{}]*?"error"\s*:\s*"([a-z_]{1,60})"/.exec(body)?.[1];
}
