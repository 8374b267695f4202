import { asOurs, LeaseHeldError, StoreUnavailableError } from '../../core/errors.ts';
import type { Grant, Login } from '../../core/grant.ts';
import { isInterrupted } from '../../core/grant.ts';
import type { Grants, Metrics } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { StepInput } from '../checks/step.ts';
import { executionName } from '../checks/step.ts';
import { eventsOf } from '../checks/step-events.ts';
import type { RecoverLoginPorts } from '../login/recover-login.ts';
import { recoverLogin } from '../login/recover-login.ts';
import type { RefreshGrantPorts, RefreshOutcome, Spending } from './refresh-grant.ts';
import { refreshGrant } from './refresh-grant.ts';

export interface RefreshUnderLeasePorts extends Omit<
  RecoverLoginPorts & RefreshGrantPorts,
  'grants' | 'workflow'
> {
  readonly grants: RecoverLoginPorts['grants'] &
    RefreshGrantPorts['grants'] &
    Pick<Grants, 'takeLease' | 'releaseLease'>;
  readonly workflow: RecoverLoginPorts['workflow'] & RefreshGrantPorts['workflow'];
  readonly metrics: Metrics;
}

type Input = Pick<StepInput, 'request' | 'executionId' | 'executionStartedAt'>;

/**
 * Takes the lease, and refreshes the grant. If a login was not completed, recovers that instead.
 * @returns the result; `removed` or `disconnected` if there is no grant to refresh
 * @throws {LeaseHeldError} another execution refreshes now; try again after its lease has expired
 */
export async function refreshUnderLease(
  input: Input,
  ports: RefreshUnderLeasePorts,
): Promise<RefreshOutcome | 'login-recovered' | 'login-lost' | 'removed' | 'disconnected'> {
  const { connectionId } = input.request;
  const { settings, grant: before } = await ports.grants.read(connectionId);
  if (settings === undefined) return 'removed';

  const leaseOwner = `${executionName(input)}#${ports.random.uuid()}`;
  const nowMs = ports.clock.nowMs();
  // An earlier attempt keeps its lease if a store did not answer. Report that cause, and wait for the lease.
  const hasFailed = before.lease?.owner.startsWith(`${executionName(input)}#`) === true;
  const grant = await ports.grants.takeLease(connectionId, leaseOwner, nowMs).catch((error: unknown) => {
    throw hasFailed && error instanceof LeaseHeldError ? unanswered(connectionId) : error;
  });
  const { login } = grant;
  const release = () => ports.grants.releaseLease(connectionId, leaseOwner).catch(() => undefined);
  // The callback no longer has the lease: it died, or the tokens are recorded.
  const unfinished = login !== undefined && (login.closed === undefined || isInterrupted(login, nowMs));
  if (grant.disconnection !== undefined || (grant.status === 'disconnected' && !unfinished)) {
    await release();
    return 'disconnected';
  }
  const events = eventsOf(input, ports.events);
  const spending: Spending = { isBegun: false };
  let outcome: RefreshOutcome | 'login-recovered' | 'login-lost';
  try {
    outcome = unfinished
      ? await recover(settings, { ...grant, login }, spending, input, { ...ports, events })
      : await refreshGrant(settings, grant, spending, input, ports);
    // Failed attempts, not requests, have used up the limit.
    if (outcome === 'refresh-limited' && hasFailed) throw unanswered(connectionId);
  } catch (error) {
    // An unanswered write may still happen, and nobody may read before it. So let the lease expire.
    if (!(error instanceof StoreUnavailableError) && !spending.isBegun) await release();
    ports.metrics.count('RefreshesFailed', 'reason', asOurs(error).name);
    throw error;
  }
  // The write that records tokens has released the lease.
  if (outcome !== 'refreshed' && outcome !== 'fresh') await release();
  await events.record(connectionId, outcome, {});
  if (outcome === 'refreshed') ports.metrics.put('RefreshesSucceeded', 1);
  if (outcome === 'rejected') ports.metrics.count('RefreshesFailed', 'reason', outcome);
  return outcome;
}

function unanswered(connectionId: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `An earlier attempt to refresh ${connectionId} got no answer from a store, or was killed.`,
  );
}

/** While the account of a login cannot be checked, refreshes the grant before it, if that still works. */
async function recover(
  settings: Settings,
  record: Grant & { readonly login: Login },
  spending: Spending,
  input: Input,
  ports: RefreshUnderLeasePorts,
): Promise<RefreshOutcome | 'login-recovered' | 'login-lost'> {
  const outcome = await recoverLogin(settings, record, spending, ports);
  if (typeof outcome === 'string') return outcome;
  const mayWork = record.status === 'active' && settings.provider.loginEndsPreviousGrant !== true;
  const { grant: now } = await ports.grants.read(settings.connectionId);
  const isOurs = now.fencingNumber === record.fencingNumber;
  if (mayWork && isOurs) await refreshGrant(settings, now, spending, input, ports);
  throw outcome.error;
}
