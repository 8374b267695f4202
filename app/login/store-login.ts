import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import type { Clock, Grants, GrantSecret, Random, Tokens, TokenSet, Versions } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { Stored } from '../refresh/read-stored.ts';
import { asRecorded } from '../refresh/read-stored.ts';
import { accessSecretOf, storedTokensOf } from '../refresh/access-secret.ts';

interface StoreLoginPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTokens'>;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly random: Random;
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
  /** Both secrets, and the record, as they were before the code was spent. */
  readonly before: Stored;
  readonly record: Grant;
  /** Of the lease that was taken over before the code was spent: logins count in the order of their callbacks. */
  readonly fencingNumber: number;
}

/** Whether what is current is this version, or was refreshed from it: a grant that was imported again has its login's time, too. */
export function isFromLogin(current: GrantSecret, ofLogin: GrantSecret): boolean {
  return current.authorizedAt === ofLogin.authorizedAt && current.obtainedAt >= ofLogin.obtainedAt;
}

/** More moves than refreshes and logins can race at once. */
const attempts = 5;

/**
 * Stores a login's tokens over whatever is there: unlike a refresh it reads again and moves again when somebody
 * else's version came between.
 * @returns the record; undefined when a newer login has taken the lease meanwhile
 */
export async function storeLogin(
  settings: Settings,
  answered: Answered,
  { grants, tokens, clock, random }: StoreLoginPorts,
): Promise<Grant | undefined> {
  const { connectionId } = settings;
  const { tokenSet, askedAtMs, fencingNumber } = answered;
  const before = asRecorded(answered.before, answered.record, clock.nowMs());
  const grant = grantSecretOf(answered);
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

/**
 * Keeps a login's tokens whose account could not be checked: beside what is current, until the provider tells whose they
 * are. The access token is stored under the version id of its grant, so that both are found by one id.
 */
export async function holdTokens(
  settings: Settings,
  answered: Omit<Answered, 'identity' | 'before' | 'record'>,
  {
    grants,
    tokens,
    random,
  }: Pick<StoreLoginPorts, 'tokens' | 'random'> & {
    readonly grants: Pick<Grants, 'holdTokens'>;
  },
): Promise<void> {
  const { connectionId } = settings;
  const { versionId, tokenSet, askedAtMs } = answered;
  const grant: GrantSecret = { ...grantSecretOf(answered), unverified: true };
  const access = { ...accessSecretOf(settings, tokenSet, askedAtMs, grant, random), versionId };
  // AWS makes the first version of a secret current: replace it by versions without a token.
  const hide = (secret: 'grant' | 'access') =>
    tokens.empty(connectionId, secret, [random.uuid(), random.uuid()], grant.obtainedAt);
  if ((await tokens.putGrant(connectionId, grant)) === 'current') await hide('grant');
  if ((await tokens.putAccess(connectionId, access)) === 'current') await hide('access');
  await grants.holdTokens(connectionId, versionId, askedAtMs);
}

function grantSecretOf({
  versionId,
  identity,
  tokenSet,
  askedAtMs,
  authorizedAtMs = askedAtMs,
}: Omit<Answered, 'identity' | 'before' | 'record'> & Partial<Pick<Answered, 'identity'>>): GrantSecret {
  return {
    versionId,
    refreshToken: tokenSet.refreshToken!,
    obtainedAt: new Date(askedAtMs).toISOString(),
    authorizedAt: new Date(authorizedAtMs).toISOString(),
    identity,
  };
}
