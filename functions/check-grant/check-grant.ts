import type { Force } from '../../core/decide.ts';
import { isAlive, isPaused, untilOf } from '../../core/decide.ts';
import { ConfigurationError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isInSetUp, isOpen } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { Clients, Grants, Metrics } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { FinishStepPorts } from '../../app/checks/finish-step.ts';
import { finishStepWith } from '../../app/checks/finish-step.ts';
import { executionName, type StepInput } from '../../app/checks/step.ts';
import { eventsOf, recordIfPossible } from '../../app/checks/step-events.ts';
import type { CheckGrantOutput } from './contract.ts';

export interface CheckGrantPorts extends FinishStepPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTick' | 'recordSetUp'>;
  readonly clients: Clients;
  readonly metrics: Metrics;
}

/**
 * Checks one grant and decides what to do next.
 * @throws {ConfigurationError} unknown connection at the first entry, or its client secret is unusable
 * @throws {StoreUnavailableError} nothing was done; retry
 */
export async function checkGrant(input: StepInput, ports: CheckGrantPorts): Promise<CheckGrantOutput> {
  const { connectionId, trigger, scheduledTime, force, by } = input.request;
  const { settings, grant: before } = await ports.grants.read(connectionId);
  // A connection that has left the configuration can still be disconnected, if it ever had a grant.
  const isEnded = force === 'disconnect' && before.status !== 'never-authorized';
  if (settings === undefined && input.entry === 0 && !isEnded) {
    throw new ConfigurationError(
      `There is no connection ${connectionId} in the configuration. Remove its schedule, or add it again.`,
    );
  }
  // The scheduler delivers at least once. A second execution for the same tick does nothing.
  if (input.entry === 0 && trigger === 'schedule' && scheduledTime !== undefined) {
    if (!(await ports.grants.recordTick(connectionId, scheduledTime, executionName(input)))) {
      return {
        outcome: 'repeated',
        done: input.done,
        next: { decision: 'none', reason: 'tick-already-checked' },
        ended: [],
        known: {},
      };
    }
  }
  const grant = settings === undefined ? before : await lookForClient(settings, before, ports);
  const connection = { settings, grant };
  const isKept = settings !== undefined && !isPaused(settings, grant) && !isInSetUp(grant);
  if (isKept && needsClient(grant, force)) await ports.clients.read(settings.clientSecretName);
  const checked = await finishStepWith('checked', 'CheckGrant', input, connection, ports);
  const { next } = checked;
  const limitedUntil = next.reason === 'refresh-limited' ? untilOf(next) : undefined;
  ports.metrics.put('ChecksCompleted', 1);
  if (isKept) measure(settings, grant, ports);
  // Record the first check only. Later steps of the execution record events of their own.
  if (input.entry === 0) {
    const events = eventsOf(input, ports.events);
    // The timeline must show who requested an action, so a failure here retries the step.
    if (force !== undefined && by !== undefined)
      await events.record(connectionId, 'requested', { what: force, by });
    const { decision, reason } = next;
    await (limitedUntil === undefined
      ? recordIfPossible(events, connectionId, 'checked', { decision, reason })
      : recordIfPossible(events, connectionId, 'refresh-limited', { until: limitedUntil }));
  }
  const outcome = limitedUntil === undefined ? checked.outcome : 'refresh-limited';
  return { ...checked, outcome, known: known(grant) };
}

/** Keeps a new connection in set-up until somebody has stored its client's credentials. */
async function lookForClient(
  { connectionId, clientSecretName }: Settings,
  grant: Grant,
  { clients, grants }: CheckGrantPorts,
): Promise<Grant> {
  if (grant.status !== 'never-authorized') return grant;
  const setUp = !(await clients.isThere(clientSecretName));
  if (setUp !== grant.setUp) await grants.recordSetUp(connectionId, setUp);
  return { ...grant, setUp };
}

/** A test notice and a disconnection work without the client's credentials. */
function needsClient({ status }: Grant, force: Force | undefined): boolean {
  if (force === undefined) return status !== 'disconnected';
  return force !== 'test' && force !== 'disconnect';
}

function measure(settings: Settings, grant: Grant, { metrics, clock }: CheckGrantPorts): void {
  const nowMs = clock.nowMs();
  const seconds = (untilMs: number) => Math.floor((untilMs - nowMs) / 1000);
  metrics.put('AuthorizationsOpen', isOpen(grant.authorization, nowMs) ? 1 : 0);
  const neededAtMs = grant.status === 'rejected' ? nowMs : reminderScheduleOf(settings, grant)?.neededAtMs;
  if (neededAtMs !== undefined) metrics.put('SecondsToDeadline', seconds(neededAtMs));
  if (grant.accessExpiresAtMs !== undefined && isAlive(settings, grant, nowMs)) {
    metrics.put('SecondsToAccessExpiry', seconds(grant.accessExpiresAtMs));
  }
}

/** The facts for an alert of a later step. */
function known({ refreshedAtMs, accessExpiresAtMs }: Grant): CheckGrantOutput['known'] {
  const iso = (epochMs: number) => new Date(epochMs).toISOString();
  return {
    ...(refreshedAtMs !== undefined && { lastSuccess: iso(refreshedAtMs) }),
    ...(accessExpiresAtMs !== undefined && { accessExpires: iso(accessExpiresAtMs) }),
  };
}
