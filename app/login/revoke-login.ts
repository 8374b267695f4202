import type { Client } from '../../core/client-credentials.ts';
import type { GrantSecret } from '../../core/stored-tokens.ts';
import type { RevocationEndpoint, Tokens } from '../../core/ports.ts';
import type { TokenSet } from '../../core/token-answer.ts';
import type { Provider } from '../../core/provider.ts';
import type { Secret } from '../../core/secret.ts';

/** A token that may still be valid. */
export interface Held {
  readonly token: Secret;
  readonly type: 'refresh_token' | 'access_token';
}

/** The time limit for one request. Short, because somebody waits for the page of their login. */
export const revocationTimeoutMs = 5_000;

/**
 * The result of revoking the tokens of a refused or replaced login.
 * - `not-allowed`: the provider's data does not say `revocationEnds: login`, so a revocation could end the valid login, too
 */
export type RevokedLogin = 'revoked' | 'not-offered' | 'unanswered' | 'refused' | 'not-allowed';

/** Revokes several tokens, and returns the worst result. */
export async function revokeTokens(
  provider: Provider,
  client: Client,
  held: readonly Held[],
  endpoint: RevocationEndpoint,
): Promise<Exclude<RevokedLogin, 'not-allowed'>> {
  const answers = await Promise.all(
    held.map(({ token, type }) => endpoint.revoke(provider, client, token, type)),
  );
  if (answers.includes('unavailable')) return 'unanswered';
  if (answers.includes('refused')) return 'refused';
  return answers.includes('revoked') ? 'revoked' : 'not-offered';
}

/**
 * Revokes the tokens of one unused login, without a retry. The timeline shows the result.
 * @see RFC 7009 §2.1: the server decides which other tokens a revocation ends
 */
export async function revokeLogin(
  provider: Provider,
  client: Client,
  { refreshToken, accessToken }: Partial<Pick<TokenSet, 'refreshToken' | 'accessToken'>>,
  endpoint: RevocationEndpoint,
): Promise<RevokedLogin> {
  const held: Held[] = [
    ...(refreshToken ? [{ token: refreshToken, type: 'refresh_token' as const }] : []),
    ...(accessToken ? [{ token: accessToken, type: 'access_token' as const }] : []),
  ];
  return revokeWhereAllowed(provider, client, held, endpoint);
}

async function revokeWhereAllowed(
  provider: Provider,
  client: Client,
  held: readonly Held[],
  endpoint: RevocationEndpoint,
): Promise<RevokedLogin> {
  if (provider.revocationEndpoint === undefined && provider.metadata === undefined) return 'not-offered';
  if (provider.revocationEnds !== 'login') return 'not-allowed';
  return revokeTokens(provider, client, held, endpoint);
}

/** The newest version of each held login among these versions. */
export async function heldAmong(
  connectionId: string,
  versionIds: readonly string[],
  tokens: Pick<Tokens, 'readGrantVersion'>,
): Promise<GrantSecret[]> {
  const found = await Promise.all(versionIds.map((id) => tokens.readGrantVersion(connectionId, id)));
  const held = found.flatMap((each) => (each?.unverified ? [each] : []));
  return [...new Map(held.map((each) => [each.authorizedAt, each])).values()];
}

/**
 * Revokes the refresh tokens of the logins that a recorded login has replaced.
 * @returns undefined if there are none, or if the login itself has ended them
 */
export async function revokeReplaced(
  provider: Provider,
  client: Client,
  replaced: readonly GrantSecret[],
  by: Secret,
  endpoint: RevocationEndpoint,
): Promise<RevokedLogin | undefined> {
  const held = replaced
    .filter(({ refreshToken }) => !refreshToken.equals(by))
    .map(({ refreshToken }) => ({ token: refreshToken, type: 'refresh_token' as const }));
  if (held.length === 0 || provider.loginEndsPreviousGrant === true) return undefined;
  return revokeWhereAllowed(provider, client, held, endpoint);
}
