import { StoreUnavailableError } from '../core/errors.ts';
import type { Grant } from '../core/grant.ts';
import type { Identity } from '../core/identity.ts';
import type { AccessSecret, Grants, GrantSecret, Random, Tokens, TokenSet, Versions } from '../core/ports.ts';
import type { Settings } from '../core/settings.ts';
import { accessSecretOf, storedTokensOf } from './stored-tokens.ts';

interface StoreLoginPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTokens'>;
  readonly tokens: Tokens;
  readonly random: Random;
}

/** Both secrets as they are before a login. */
export interface Stored {
  readonly grant: Versions<GrantSecret>;
  readonly access: Versions<AccessSecret>;
}

/** A login whose code was exchanged. */
export interface Answered {
  /** Of the version of the grant secret to put: the login is written down with it. */
  readonly versionId: string;
  /** To be pinned. */
  readonly identity: Identity;
  readonly tokenSet: TokenSet;
  readonly askedAtMs: number;
  /** When the owner logged in, where that was not now. */
  readonly authorizedAtMs?: number;
  /** Read before the code was spent. */
  readonly before: Stored;
  /** Of the lease that was taken over before the code was spent: logins count in the order of their callbacks. */
  readonly fencingNumber: number;
}

/** Whether what is current is this version, or was refreshed from it: a grant that was imported again has its login's time, too. */
export function isFromLogin(current: GrantSecret, ofLogin: GrantSecret): boolean {
  return current.authorizedAt === ofLogin.authorizedAt && current.obtainedAt >= ofLogin.obtainedAt;
}

/** More moves than refreshes and logins can race at once. */
const attempts = 5;

export async function readStored(connectionId: string, tokens: Tokens): Promise<Stored> {
  const [grant, access] = await Promise.all([
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
  ]);
  return { grant, access };
}

/**
 * Stores a login's tokens over whatever is there: unlike a refresh it reads again and moves again when somebody
 * else's version came between.
 * @returns the record; undefined when a newer login has taken the lease meanwhile
 */
export async function storeLogin(
  settings: Settings,
  { versionId, identity, tokenSet, askedAtMs, authorizedAtMs = askedAtMs, before, fencingNumber }: Answered,
  { grants, tokens, random }: StoreLoginPorts,
): Promise<Grant | undefined> {
  const { connectionId } = settings;
  const at = new Date(authorizedAtMs).toISOString();
  const grant: GrantSecret = {
    versionId,
    refreshToken: tokenSet.refreshToken!,
    obtainedAt: new Date(askedAtMs).toISOString(),
    authorizedAt: at,
    identity,
  };
  const access = accessSecretOf(settings, tokenSet, askedAtMs, grant, random);

  const move = async <T>(
    secret: 'grant' | 'access',
    found: Versions<T>,
    toVersionId: string,
    readAgain: () => Promise<Versions<T>>,
    isOurs: (current: T) => boolean = () => false,
  ): Promise<boolean> => {
    let { currentVersionId } = found;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await tokens.moveCurrent(connectionId, secret, currentVersionId, toVersionId)) return true;
      const again = await readAgain();
      // A later lease than ours is a newer login's, finished or not; what was read before it is surely none of its own.
      const { grant: then } = await grants.read(connectionId);
      if (then.fencingNumber !== fencingNumber) return false;
      if (again.current !== undefined && isOurs(again.current)) return true;
      ({ currentVersionId } = again);
    }
    throw new StoreUnavailableError(`The ${secret} secret of ${connectionId} kept changing during a login.`);
  };

  // First of all, and before anything else is asked: what is in memory alone can be lost.
  const grantPut = await tokens.putGrant(connectionId, grant);
  const { grant: now } = await grants.read(connectionId);
  // What was read before the code was spent may be a newer login's already: it must not be moved away from.
  if (now.fencingNumber !== fencingNumber) return undefined;
  const readGrant = () => tokens.readGrant(connectionId);
  const [isCurrent, accessPut] = await Promise.all([
    grantPut === 'current' ||
      // Whatever has this login's time was refreshed from it meanwhile, by one who had the lease before.
      move('grant', before.grant, grant.versionId, readGrant, (current) => isFromLogin(current, grant)),
    tokens.putAccess(connectionId, access),
  ]);
  if (!isCurrent) return undefined;
  const readAccess = () => tokens.readAccess(connectionId);
  if (accessPut === 'pending' && !(await move('access', before.access, access.versionId, readAccess))) {
    return undefined;
  }
  return grants.recordTokens(connectionId, fencingNumber, storedTokensOf(true, grant, access));
}
