import type { GrantkeeperError } from '../../core/errors.ts';
import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant, Login } from '../../core/grant.ts';
import type { Grants, Tokens } from '../../core/ports.ts';
import type { GrantSecret } from '../../core/stored-tokens.ts';
import type { Settings } from '../../core/settings.ts';
import type { CompleteLoginPorts } from './complete-login.ts';
import { completeLogin } from './complete-login.ts';
import { heldAmong, revokeReplaced } from './revoke-login.ts';
import { isFromLogin } from './store-login.ts';
import { storedTokensOf } from '../refresh/access-secret.ts';
import { adoptAccess } from '../refresh/adopt.ts';
import type { VerifyLoginPorts } from './verify-login.ts';
import { verifyLogin } from './verify-login.ts';

export interface RecoverLoginPorts extends CompleteLoginPorts, Omit<VerifyLoginPorts, 'grants' | 'workflow'> {
  readonly workflow: CompleteLoginPorts['workflow'] & VerifyLoginPorts['workflow'];
  readonly grants: VerifyLoginPorts['grants'] & Pick<Grants, 'read' | 'recordTokens'>;
}

/**
 * Completes a login whose callback died, whose account could not be checked, or which displaced another login and then
 * failed. Runs under the lease, which no callback releases while a displaced login may still run.
 * @returns `login-recovered` if it found or had recorded a login's tokens; `login-lost` if no login left working tokens;
 *   `dropped` if a newer login has begun; or why the account could not be checked
 * @throws {IdentityError | IdentityUnknownError} the tokens are of another account, and were revoked
 */
export async function recoverLogin(
  settings: Settings,
  record: Grant & { readonly login: Login },
  spending: { isBegun: boolean },
  ports: RecoverLoginPorts,
): Promise<'login-recovered' | 'login-lost' | 'dropped' | { readonly error: GrantkeeperError }> {
  const { connectionId } = settings;
  const { login, unrecordedLogins = [], fencingNumber } = record;
  const { grants, tokens } = ports;
  if (login.closed !== undefined) {
    await completeLogin(connectionId, login, ports);
    return 'login-recovered';
  }
  const [newest, { currentVersionId, current }, access] = await Promise.all([
    newestOf(connectionId, unrecordedLogins, tokens),
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
  ]);
  const lose = async () => {
    await grants.endLogin(connectionId, login.versionId);
    return 'login-lost' as const;
  };
  // The callback stored the held login, so a read without it is stale.
  const firstHeld = login.tokensHeld ? unrecordedLogins.indexOf(login.versionId) : -1;
  if (unrecordedLogins.indexOf(newest?.versionId ?? '') < firstHeld)
    throw new StoreUnavailableError(`The login ${login.versionId} to ${connectionId} cannot be read yet.`);
  if (newest === undefined) return lose();
  const verified =
    newest.unverified === true
      ? await verifyLogin(settings, { record, login, grant: newest, access }, spending, ports)
      : { kind: 'verified' as const, grant: newest, access: undefined };
  if (verified.kind === 'unavailable') return verified;
  if (verified.kind === 'rejected') return lose();
  const { grant } = verified;
  // If the lease is still ours, the current version is not a newer login's. The move itself detects later ones.
  const { grant: now } = await grants.read(connectionId);
  if (now.fencingNumber !== fencingNumber) return 'dropped';
  // A version with this login's time is the login, or was refreshed from it under an earlier lease.
  const isCurrent =
    (current !== undefined && isFromLogin(current, grant)) ||
    (await tokens.moveCurrent(connectionId, 'grant', currentVersionId, grant.versionId));
  if (!isCurrent) return 'dropped';
  // An import may replace an older token of the same login. Revoking that would end the imported grant.
  const isImported = login.authorizationId === 'import';
  const replaced = isImported ? [] : await replacedBy(grant, current, record, connectionId, tokens);
  const pending = verified.access ?? access.pending;
  const { current: itsNewest } = await adoptAccess(connectionId, { ...access, pending }, grant, tokens);
  const itsAccess = itsNewest?.derivedFrom === grant.versionId ? itsNewest : undefined;
  const recorded = await grants.recordTokens(
    connectionId,
    fencingNumber,
    storedTokensOf(true, grant, itsAccess),
  );
  if (recorded?.login === undefined) return 'dropped';
  await completeLogin(connectionId, recorded.login, ports);
  if (replaced.length > 0) await giveBack(settings, replaced, grant, ports);
  return 'login-recovered';
}

/** The grant before the login, even if the callback had moved `AWSCURRENT` already, and the held logins that it displaced. */
async function replacedBy(
  grant: GrantSecret,
  current: GrantSecret | undefined,
  { grantVersionId, unrecordedLogins = [] }: Grant,
  connectionId: string,
  tokens: Tokens,
): Promise<GrantSecret[]> {
  const isMoved = grantVersionId !== undefined && current !== undefined && isFromLogin(current, grant);
  const [before, overtaken] = await Promise.all([
    isMoved ? tokens.readGrantVersion(connectionId, grantVersionId) : current,
    heldAmong(connectionId, unrecordedLogins, tokens),
  ]);
  return [
    ...(before === undefined || isFromLogin(before, grant) ? [] : [before]),
    ...overtaken.filter(({ authorizedAt }) => authorizedAt !== grant.authorizedAt),
  ];
}

/** Revokes the replaced grants, like the callback. */
async function giveBack(
  { connectionId, provider, clientSecretName }: Settings,
  replaced: readonly GrantSecret[],
  by: GrantSecret,
  { clients, revocationEndpoint, events }: RecoverLoginPorts,
): Promise<void> {
  const client = await clients.read(clientSecretName);
  const revocation = await revokeReplaced(provider, client, replaced, by.refreshToken, revocationEndpoint);
  if (revocation !== undefined) await events.record(connectionId, 'grant-replaced', { revocation });
}

/** The stored login that began last. */
async function newestOf(
  connectionId: string,
  versionIds: readonly string[],
  tokens: Tokens,
): Promise<GrantSecret | undefined> {
  for (const versionId of versionIds.toReversed()) {
    const found = await tokens.readGrantVersion(connectionId, versionId);
    if (found !== undefined) return found;
  }
  return undefined;
}
