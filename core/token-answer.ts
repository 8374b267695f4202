import type { Secret } from './secret.ts';
import type { Identity } from './identity.ts';
import type { TokenRefusal } from './token-refusal.ts';

/**
 * True if the text can be a token, or a client's id or secret (RFC 6749 appendix A: `1*VSCHAR`). `fetch` refuses other
 * characters in a header and quotes them in its error.
 */
export function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** A validated token response (RFC 6749 §5.1). */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly refreshToken?: Secret | undefined;
  /** The `sub` of a valid `id_token`, if the provider's data names it as the identity. */
  readonly subject?: string | undefined;
}

export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly tokens: TokenSet }
  | ({ readonly kind: 'refused'; readonly refusal: TokenRefusal } & Said);

/** A refusal in the provider's words. Both are safe to log and to show to operators. */
export interface Said {
  /** The error code, or else the HTTP status or what went wrong. */
  readonly error: string;
  /** The provider's sanitised description. */
  readonly description?: string | undefined;
}

export type IdentityAnswer =
  /** Empty if the provider does not say. */
  | { readonly kind: 'identity'; readonly identity: Identity }
  /** The provider gave no readable answer; `error` is safe to show. */
  | { readonly kind: 'unavailable'; readonly error: string };

export interface CodeGrantRequest {
  /** The callback's query parameters, already validated. */
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/**
 * The result of revoking a token:
 * - `not-offered`: the provider has no revocation endpoint, or does not revoke tokens of that type
 * - `refused`: the provider refused, and a retry would not help
 * - `unavailable`: the provider did not answer
 */
export type RevocationAnswer = 'revoked' | 'not-offered' | 'refused' | 'unavailable';
