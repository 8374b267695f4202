import { deadlineOf } from '../../core/deadline.ts';
import type { AccessSecret, GrantSecret, StoredTokens } from '../../core/stored-tokens.ts';
import type { Random } from '../../core/ports.ts';
import type { TokenSet } from '../../core/token-answer.ts';
import type { Settings } from '../../core/settings.ts';

/** Makes the access secret of a token response. `askedAtMs` is the time of the token request. */
export function accessSecretOf(
  { connectionId, provider, publicUrl }: Pick<Settings, 'connectionId' | 'provider' | 'publicUrl'>,
  tokenSet: TokenSet,
  askedAtMs: number,
  grant: Pick<GrantSecret, 'versionId' | 'authorizedAt'>,
  random: Random,
): AccessSecret {
  const deadlineMs = deadlineOf(provider.limits, {
    authorizedAtMs: Date.parse(grant.authorizedAt),
    refreshedAtMs: askedAtMs,
  });
  const expiresInSeconds = tokenSet.expiresInSeconds ?? provider.accessTokenLifetimeSeconds;
  return {
    versionId: random.uuid(),
    accessToken: tokenSet.accessToken,
    tokenType: tokenSet.tokenType,
    scope: tokenSet.scope,
    obtainedAt: new Date(askedAtMs).toISOString(),
    expiresAt: new Date(askedAtMs + expiresInSeconds * 1000).toISOString(),
    derivedFrom: grant.versionId,
    deadline: deadlineMs === undefined ? undefined : new Date(deadlineMs).toISOString(),
    panelUrl: `${publicUrl}/panel/connections/${connectionId}`,
  };
}

/** The grant record's attributes for both secrets. Without an access token of this grant the next check refreshes. */
export function storedTokensOf(
  loggedIn: boolean,
  grant: GrantSecret,
  access: AccessSecret | undefined,
): StoredTokens {
  return {
    loggedIn,
    authorizedAtMs: Date.parse(grant.authorizedAt),
    refreshedAtMs: Date.parse(access?.obtainedAt ?? grant.obtainedAt),
    accessExpiresAtMs: Date.parse(access?.expiresAt ?? grant.obtainedAt),
    grantVersionId: grant.versionId,
    grantObtainedAtMs: Date.parse(grant.obtainedAt),
    accessVersionId: access?.versionId,
    identity: loggedIn ? grant.identity : undefined,
  };
}
