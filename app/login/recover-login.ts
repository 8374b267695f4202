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
 * Goes on where the callback of a login died, where its account could not be checked, or where it gave up while one that it
 * had overtaken went on. Runs under the lease: no callback releases it while either of them may still run.
 * @returns `login-recovered` when the tokens of one of them were found, or recorded before; `login-lost` when none of
 *   them had put any that still work; `dropped` when a newer login has begun meanwhile; or why the account could not be checked
 * @throws {IdentityError | IdentityUnknownError} they are of another account: nothing of them is kept
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
  // The callback stored the held login: a read that does not show it is stale.
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
  // While the lease is still ours, what was current a moment ago is no newer login's; the move itself sees later ones.
  const { grant: now } = await grants.read(connectionId);
  if (now.fencingNumber !== fencingNumber) return 'dropped';
  // Whatever has its login's time is this version, or was refreshed from it by one who had the lease before the login.
  const isCurrent =
    (current !== undefined && isFromLogin(current, grant)) ||
    (await tokens.moveCurrent(connectionId, 'grant', currentVersionId, grant.versionId));
  if (!isCurrent) return 'dropped';
  // What an import replaces may be an older token of that very login: to revoke it would end the one that is kept.
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

/** The grant before the login, also where its callback died after it had moved `AWSCURRENT`; and held logins that it has overtaken. */
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

/** As the callback does with the grant that its login has replaced. */
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

/** Of the logins that reached the store, the last to begin. */
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
