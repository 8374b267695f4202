import { StoreUnavailableError } from '../../core/errors.ts';
import type {
  AccessSecret,
  Grants,
  GrantSecret,
  Random,
  StoredTokens,
  Tokens,
  TokenSet,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';

interface StoreLoginPorts {
  readonly grants: Pick<Grants, 'read'>;
  readonly tokens: Tokens;
  readonly random: Random;
}

/** More moves than refreshes and logins can race at once. */
const attempts = 5;

/**
 * Stores a login's tokens over whatever is there: unlike a refresh it reads again and moves again when
 * somebody else's version came between. Undefined when a newer login has taken the lease meanwhile.
 */
export async function storeLogin(
  settings: Settings,
  leaseOwner: string,
  tokenSet: TokenSet,
  askedAtMs: number,
  { grants, tokens, random }: StoreLoginPorts,
): Promise<StoredTokens | undefined> {
  const { connectionId, provider } = settings;
  const at = new Date(askedAtMs).toISOString();
  const grant: GrantSecret = {
    versionId: random.uuid(),
    refreshToken: tokenSet.refreshToken!,
    obtainedAt: at,
    authorizedAt: at,
  };
  const expiresInSeconds = tokenSet.expiresInSeconds ?? provider.accessTokenLifetimeSeconds;
  const access: AccessSecret = {
    versionId: random.uuid(),
    accessToken: tokenSet.accessToken,
    tokenType: tokenSet.tokenType,
    scope: tokenSet.scope,
    obtainedAt: at,
    expiresAt: new Date(askedAtMs + expiresInSeconds * 1000).toISOString(),
    derivedFrom: grant.versionId,
  };

  const move = async (
    secret: 'grant' | 'access',
    toVersionId: string,
    read: () => Promise<{ readonly current?: { readonly versionId: string } | undefined }>,
  ): Promise<boolean> => {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { current } = await read();
      if (await tokens.moveCurrent(connectionId, secret, current?.versionId, toVersionId)) return true;
      const { lease } = (await grants.read(connectionId)).grant;
      if (lease !== undefined && lease.owner !== leaseOwner && lease.owner.startsWith('callback#'))
        return false;
    }
    throw new StoreUnavailableError(`The ${secret} secret of ${connectionId} kept changing during a login.`);
  };

  const readGrant = () => tokens.readGrant(connectionId);
  const readAccess = () => tokens.readAccess(connectionId);
  if (
    (await tokens.putGrant(connectionId, grant)) === 'pending' &&
    !(await move('grant', grant.versionId, readGrant))
  ) {
    return undefined;
  }
  if (
    (await tokens.putAccess(connectionId, access)) === 'pending' &&
    !(await move('access', access.versionId, readAccess))
  ) {
    return undefined;
  }
  return {
    loggedIn: true,
    authorizedAtMs: askedAtMs,
    refreshedAtMs: askedAtMs,
    accessExpiresAtMs: Date.parse(access.expiresAt),
    grantVersionId: grant.versionId,
    accessVersionId: access.versionId,
  };
}
