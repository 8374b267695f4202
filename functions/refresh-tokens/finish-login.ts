import type { Grant, Login } from '../../core/grant.ts';
import type { Grants, GrantSecret, Tokens } from '../../core/ports.ts';
import type { CompleteLoginPorts } from '../complete-login.ts';
import { completeLogin } from '../complete-login.ts';
import { isFromLogin } from '../store-login.ts';
import { storedTokensOf } from '../stored-tokens.ts';
import { adoptAccess } from './adopt.ts';

export interface FinishLoginPorts extends CompleteLoginPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTokens' | 'endLogin'>;
  readonly tokens: Tokens;
}

/**
 * Goes on where the callback of a login died, or gave up while one that it had overtaken went on. Under the lease,
 * which no callback gives away before either has surely ended.
 * @returns `login-recovered` when the tokens of one of them were found, or recorded before; `login-lost` when none of
 *   them had put any; `dropped` when a newer login has begun meanwhile
 */
export async function finishLogin(
  connectionId: string,
  { login, unrecordedLogins = [], fencingNumber }: Grant & { readonly login: Login },
  ports: FinishLoginPorts,
): Promise<'login-recovered' | 'login-lost' | 'dropped'> {
  const { grants, tokens } = ports;
  if (login.closed !== undefined) {
    await completeLogin(connectionId, login, ports);
    return 'login-recovered';
  }
  const [grant, { currentVersionId, current }, access] = await Promise.all([
    newestOf(connectionId, unrecordedLogins, tokens),
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
  ]);
  if (grant === undefined) {
    await grants.endLogin(connectionId, login.versionId);
    return 'login-lost';
  }
  // While the lease is still ours, what was current a moment ago is no newer login's; the move itself sees later ones.
  const { grant: now } = await grants.read(connectionId);
  if (now.fencingNumber !== fencingNumber) return 'dropped';
  // Whatever has its login's time is this version, or was refreshed from it by one who had the lease before the login.
  const isCurrent =
    (current !== undefined && isFromLogin(current, grant)) ||
    (await tokens.moveCurrent(connectionId, 'grant', currentVersionId, grant.versionId));
  if (!isCurrent) return 'dropped';
  const { current: itsNewest } = await adoptAccess(connectionId, access, grant, tokens);
  const itsAccess = itsNewest?.derivedFrom === grant.versionId ? itsNewest : undefined;
  const recorded = await grants.recordTokens(
    connectionId,
    fencingNumber,
    storedTokensOf(true, grant, itsAccess),
  );
  if (recorded?.login === undefined) return 'dropped';
  await completeLogin(connectionId, recorded.login, ports);
  return 'login-recovered';
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
