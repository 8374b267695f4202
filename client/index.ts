/** Access tokens of Grantkeeper's connections, for a Lambda, a container or a laptop. */
import type { AccessToken } from './access-token.ts';
import type { AccessTokenRequest } from './access-tokens.ts';
import { AccessTokens } from './access-tokens.ts';
import { fetchWith } from './fetch.ts';

export type { AccessToken } from './access-token.ts';
export type { AccessTokensOptions, AccessTokenRequest } from './access-tokens.ts';
export { AccessTokens } from './access-tokens.ts';
export type { ConnectionFacts } from './errors.ts';
export { AccessTokenError, AccessTokenRefusedError, ReauthorizationRequiredError } from './errors.ts';
export type { FetchOptions } from './fetch.ts';
export { fetchWith } from './fetch.ts';

let ofThisProcess: AccessTokens | undefined;

/** Returns a token of the stack in `GRANTKEEPER_STACK`. See {@link AccessTokens.get}. */
export function getAccessToken(request: AccessTokenRequest): Promise<AccessToken> {
  ofThisProcess ??= new AccessTokens();
  return ofThisProcess.get(request);
}

/** See {@link fetchWith}. */
export function fetchFor(request: Omit<AccessTokenRequest, 'instead'>): typeof globalThis.fetch {
  return fetchWith({ get: getAccessToken }, request);
}
