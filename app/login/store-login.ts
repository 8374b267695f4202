import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import type { Client } from '../../core/client-credentials.ts';
import type { Clock, Grants, Random, RevocationEndpoint, Tokens } from '../../core/ports.ts';
import type { GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type { TokenSet } from '../../core/token-answer.ts';
import type { Settings } from '../../core/settings.ts';
import type { BegunLogin } from './begin-login.ts';
import type { CompleteLoginPorts } from './complete-login.ts';
import { completeLogin } from './complete-login.ts';
import { heldAmong, revokeReplaced } from './revoke-login.ts';
import { asRecorded } from '../refresh/read-stored.ts';
import { accessSecretOf, storedTokensOf } from '../refresh/access-secret.ts';

interface StoreLoginPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTokens'>;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly random: Random;
}

/** A login whose tokens the provider has issued. */
export interface IssuedLogin extends Pick<BegunLogin, 'login' | 'fencingNumber'> {
  readonly tokenSet: TokenSet;
  readonly askedAtMs: number;
  /** When the owner logged in, if that was earlier. */
  readonly authorizedAtMs?: number;
}

/** An issued login of the right account. */
export interface VerifiedLogin extends IssuedLogin, Pick<BegunLogin, 'before' | 'record'> {
  /** The identity to pin. */
  readonly identity: Identity;
}

/**
 * Stores a login, completes it, and revokes the grants that it has replaced.
 * @returns the record; undefined if a newer login has begun
 */
export async function storeVerifiedLogin(
  settings: Settings,
  client: Client,
  verified: VerifiedLogin & { readonly details: Record<string, string> },
  ports: StoreLoginPorts & CompleteLoginPorts & { readonly revocationEndpoint: RevocationEndpoint },
): Promise<Grant | undefined> {
  const { connectionId, provider } = settings;
  const { login, before, record, tokenSet, details } = verified;
  const recorded = await storeLogin(settings, verified, ports);
  await completeLogin(connectionId, recorded?.login ?? login, ports);
  if (recorded === undefined) return undefined;
  const overtaken = await heldAmong(connectionId, record.unrecordedLogins ?? [], ports.tokens);
  const replaced = [...(before.grant.current ? [before.grant.current] : []), ...overtaken];
  const { revocationEndpoint, events } = ports;
  const by = tokenSet.refreshToken!;
  const revocation = await revokeReplaced(provider, client, replaced, by, revocationEndpoint);
  if (revocation !== undefined)
    await events.record(connectionId, 'grant-replaced', { ...details, revocation });
  return recorded;
}

/** True if the current version is that of the login, or was refreshed from it. An older import of the same login is neither. */
export function isFromLogin(current: GrantSecret, ofLogin: GrantSecret): boolean {
  return current.authorizedAt === ofLogin.authorizedAt && current.obtainedAt >= ofLogin.obtainedAt;
}

/** More moves than refreshes and logins can race at once. */
const attempts = 5;

/**
 * Stores a login's tokens over any others. Unlike a refresh, it reads again and moves again if another version came between.
 * @returns the record; undefined if a newer login has seized the lease
 */
export async function storeLogin(
  settings: Settings,
  verified: VerifiedLogin,
  { grants, tokens, clock, random }: StoreLoginPorts,
): Promise<Grant | undefined> {
  const { connectionId } = settings;
  const { tokenSet, askedAtMs, fencingNumber } = verified;
  const before = asRecorded(verified.before, verified.record, clock.nowMs());
  const grant = grantSecretOf(verified);
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
      // A later lease than ours is a newer login's, finished or not. A version that was read before that is not its own.
      const { grant: then } = await grants.read(connectionId);
      if (then.fencingNumber !== fencingNumber) return false;
      if (again.current !== undefined && isOurs(again.current)) return true;
      ({ currentVersionId } = again);
    }
    throw new StoreUnavailableError(`The ${secret} secret of ${connectionId} kept changing during a login.`);
  };

  // First of all, because tokens that are only in memory can be lost.
  const grantPut = await tokens.putGrant(connectionId, grant);
  const { grant: now } = await grants.read(connectionId);
  // The versions that were read before the code was spent may be a newer login's: do not move the label away from them.
  if (now.fencingNumber !== fencingNumber) return undefined;
  const readGrant = () => tokens.readGrant(connectionId);
  const [isCurrent, accessPut] = await Promise.all([
    grantPut === 'current' ||
      // A refresh that had the lease before us may have refreshed this login already.
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

/** Stores the tokens of a login whose account cannot be checked yet, and releases the lease. A later check verifies them. */
export async function holdLogin(
  settings: Settings,
  held: IssuedLogin & Pick<BegunLogin, 'leaseOwner' | 'hasDisplaced'>,
  ports: Pick<StoreLoginPorts, 'tokens' | 'random'> & {
    readonly grants: Pick<Grants, 'holdTokens' | 'releaseLease'>;
  },
): Promise<void> {
  await holdTokens(settings, held, ports);
  // A login that we displaced may still be storing tokens: then let the lease expire.
  if (!held.hasDisplaced) await ports.grants.releaseLease(settings.connectionId, held.leaseOwner);
}

/**
 * Stores tokens beside the current ones. Both secrets use the same version id, so that one id finds both.
 */
export async function holdTokens(
  settings: Settings,
  issued: IssuedLogin,
  {
    grants,
    tokens,
    random,
  }: Pick<StoreLoginPorts, 'tokens' | 'random'> & { readonly grants: Pick<Grants, 'holdTokens'> },
): Promise<void> {
  const { connectionId } = settings;
  const { tokenSet, askedAtMs } = issued;
  const grant: GrantSecret = { ...grantSecretOf(issued), unverified: true };
  const { versionId } = grant;
  const access = { ...accessSecretOf(settings, tokenSet, askedAtMs, grant, random), versionId };
  // AWS makes the first version of a secret current: replace it by versions without a token.
  const hide = (secret: 'grant' | 'access') =>
    tokens.empty(connectionId, secret, [random.uuid(), random.uuid()], grant.obtainedAt);
  if ((await tokens.putGrant(connectionId, grant)) === 'current') await hide('grant');
  if ((await tokens.putAccess(connectionId, access)) === 'current') await hide('access');
  await grants.holdTokens(connectionId, versionId, askedAtMs);
}

function grantSecretOf({
  login,
  identity,
  tokenSet,
  askedAtMs,
  authorizedAtMs = askedAtMs,
}: IssuedLogin & Partial<Pick<VerifiedLogin, 'identity'>>): GrantSecret {
  return {
    versionId: login.versionId,
    refreshToken: tokenSet.refreshToken!,
    obtainedAt: new Date(askedAtMs).toISOString(),
    authorizedAt: new Date(authorizedAtMs).toISOString(),
    identity,
  };
}
