import type { Said } from './token-answer.ts';
import type { Provider } from './provider.ts';

/** The meaning of a refusal by the authorization endpoint. */
export type AuthorizationRefusal =
  /** The owner said no. */
  | 'declined'
  /** The provider needed more from its user and did not get it. The owner can try again. */
  | 'unfinished'
  /** The provider decided nothing. The owner can try again. */
  | 'unavailable'
  /** The provider refuses the request itself. An operator must act. */
  | 'request-rejected'
  /** The provider's metadata contradicts the configured data. An operator must act. */
  | 'contract';

/** OpenID Connect Core §3.1.2.6: the provider needed an answer from its user. */
const unfinished = [
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
];

/**
 * Classifies an error code of the callback (RFC 6749 §4.1.2.1). An unknown code counts as `request-rejected`: nothing says that
 * the owner declined, and trying again may not help.
 */
export function classifyAuthorizationError(
  code: string,
  { authorizationParameters }: Pick<Provider, 'authorizationParameters'>,
): AuthorizationRefusal {
  if (code === 'access_denied') return 'declined';
  // Keycloak answers temporarily_unavailable when its login page has expired, and documents to ask again.
  if (code === 'temporarily_unavailable' || code === 'server_error') return 'unavailable';
  // Our own request forbids questions with prompt=none.
  const mayAsk = !authorizationParameters?.prompt?.split(' ').includes('none');
  return mayAsk && unfinished.includes(code) ? 'unfinished' : 'request-rejected';
}

/** The provider's answer on the callback (RFC 6749 §4.1.2, RFC 9207). */
export type AuthorizationAnswer =
  | { readonly kind: 'code' }
  /** The provider says no; `error` is one of the codes of RFC 6749 §4.1.2.1, or unknown. */
  | ({ readonly kind: 'refused'; readonly refusal: AuthorizationRefusal } & Said)
  /** Its `iss` is not the configured issuer, or is missing although the provider promises it; `received` is sanitised. */
  | { readonly kind: 'other-issuer'; readonly received: string | undefined }
  /** Not an answer to our request: parameters missing or twice. */
  | { readonly kind: 'invalid' };
