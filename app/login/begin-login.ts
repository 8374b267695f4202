import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant, Login, SeizedLease } from '../../core/grant.ts';
import { isEndedFor } from '../../core/grant.ts';
import type { Grants, Tokens } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { loginsFullUntilMs, withinDay } from '../../core/version-budget.ts';
import type { Stored } from '../refresh/read-stored.ts';
import { readStored } from '../refresh/read-stored.ts';
import type { CompleteLoginPorts } from './complete-login.ts';
import { completeLogin } from './complete-login.ts';

export interface BeginLoginPorts extends CompleteLoginPorts {
  readonly grants: CompleteLoginPorts['grants'] &
    Pick<Grants, 'read' | 'seizeLease' | 'releaseLease' | 'recordWrites'>;
  readonly tokens: Tokens;
}

/** A login that has the lease and is recorded, so that a later check finds its tokens if this process dies. */
export interface BegunLogin {
  readonly login: Login;
  readonly leaseOwner: string;
  readonly fencingNumber: number;
  /** Another login or refresh had the lease, and may still be storing tokens. */
  readonly hasDisplaced: boolean;
  /** The record, and both secrets, before the provider is asked for tokens. */
  readonly record: Grant;
  readonly before: Stored;
}

export type BeginLoginAnswer =
  | { readonly kind: 'begun'; readonly begun: BegunLogin }
  /** The connection was disconnected after this login was asked for. */
  | { readonly kind: 'disconnected' }
  /** The secrets have no room for the versions of another login. */
  | { readonly kind: 'no-room'; readonly untilMs: number };

/**
 * Seizes the lease for a login, and records the login, before anything is spent at the provider. The login that began
 * last has the highest fencing number, however long its exchange takes.
 * @throws {StoreUnavailableError} other logins kept changing the record
 */
export async function beginLogin(
  settings: Settings,
  login: Login,
  by: 'callback' | 'import',
  ports: BeginLoginPorts,
): Promise<BeginLoginAnswer> {
  const { connectionId } = settings;
  const leaseOwner = `${by}#${login.versionId}`;
  const [before, seized] = await Promise.all([
    readStored(connectionId, ports.tokens),
    seizeLease(connectionId, leaseOwner, login, ports),
  ]);
  if (seized === undefined) return { kind: 'disconnected' };
  const begun = { ...seized, login, leaseOwner, before };
  await forgetOldWrites(connectionId, begun, ports);
  const untilMs = loginsFullUntilMs(settings, begun.record, login.atMs);
  if (untilMs === undefined) return { kind: 'begun', begun };
  await abandonLogin(connectionId, begun, ports);
  return { kind: 'no-room', untilMs };
}

/**
 * Ends a login that stores nothing. Releases the lease, unless we displaced a login that may still be storing tokens;
 * a later check completes that one.
 */
export async function abandonLogin(
  connectionId: string,
  { login, leaseOwner, hasDisplaced }: BegunLogin,
  { grants }: { readonly grants: Pick<Grants, 'releaseLease' | 'endLogin'> },
): Promise<void> {
  if (hasDisplaced) return;
  await Promise.all([
    grants.releaseLease(connectionId, leaseOwner),
    grants.endLogin(connectionId, login.versionId),
  ]);
}

/** More logins than can be recorded and not completed at once. */
const attempts = 5;

/** Completes an earlier login first, if its process died after it had recorded the tokens. */
async function seizeLease(
  connectionId: string,
  leaseOwner: string,
  login: Login,
  ports: BeginLoginPorts,
): Promise<SeizedLease | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const seized = await ports.grants.seizeLease(connectionId, leaseOwner, login);
    if (seized) return seized;
    const { grant } = await ports.grants.read(connectionId);
    if (isEndedFor(login.authorizationId, grant)) return undefined;
    if (grant.login?.closed !== undefined) await completeLogin(connectionId, grant.login, ports);
  }
  throw new StoreUnavailableError(`The record of ${connectionId} kept changing when a login began.`);
}

/** A refresh does this, too, but a paused connection has none. */
async function forgetOldWrites(
  connectionId: string,
  { record, login, fencingNumber }: BegunLogin,
  { grants }: BeginLoginPorts,
): Promise<void> {
  const { otherWritesAtMs } = withinDay(record, login.atMs);
  if (otherWritesAtMs.length < (record.otherWritesAtMs?.length ?? 0))
    await grants.recordWrites(connectionId, fencingNumber, { otherWritesAtMs });
}
