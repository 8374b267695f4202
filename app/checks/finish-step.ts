import type { Decision, StepsDone } from '../../core/decide.ts';
import { decide } from '../../core/decide.ts';
import { isOver } from '../../core/incident.ts';
import type { Clock, Events, Grants, Incidents } from '../../core/ports.ts';
import type { StoredConnection } from '../../core/grant.ts';
import type { StepInput, StepOutcome, StepOutput } from './step.ts';
import { eventsOf, recordIfPossible } from './step-events.ts';

export interface FinishStepPorts {
  readonly incidents: Incidents;
  readonly events: Events;
  readonly clock: Clock;
}

const steps = {
  refresh: 'RefreshTokens',
  notify: 'NotifyOwner',
  reauthorize: 'RequestReauthorization',
  disconnect: 'DisconnectGrant',
} as const;

/**
 * Reads the connection again, and returns the next decision.
 * @param step counts as done from now on; undefined if the same step may be decided again
 */
export async function finishStep(
  outcome: StepOutcome,
  step: StepsDone[number] | undefined,
  input: StepInput,
  ports: FinishStepPorts & { readonly grants: Pick<Grants, 'read'> },
): Promise<StepOutput> {
  const isNew = step !== undefined && !input.done.includes(step);
  const done: StepsDone = isNew ? [...input.done, step] : input.done;
  const connection = await ports.grants.read(input.request.connectionId);
  return finishStepWith(outcome, step && steps[step], { ...input, done }, connection, ports);
}

/**
 * Returns the next decision for a connection that the step has just read, and ends the incidents that are over.
 * @param succeeded the state of the workflow that has just succeeded
 */
export async function finishStepWith(
  outcome: StepOutcome,
  succeeded: string | undefined,
  { request, done, executionId, entry }: Pick<StepInput, 'request' | 'done' | 'executionId' | 'entry'>,
  { settings, grant }: StoredConnection,
  { incidents, events, clock }: FinishStepPorts,
): Promise<StepOutput> {
  const { connectionId, trigger, force, authorizationId } = request;
  if (settings === undefined) {
    const isAsked = force === 'disconnect' && !done.includes('disconnect');
    const left: Decision = isAsked
      ? { decision: 'disconnect', reason: 'asked-for' }
      : { decision: 'none', reason: 'removed-from-configuration' };
    return { outcome, done, next: left, ended: [] };
  }
  const by = `${executionId}#${entry}#${succeeded ?? ''}`;
  const over = await incidents.end(
    connectionId,
    (incident) => isOver(incident, grant, succeeded ?? '', settings.hasBrowser),
    by,
  );
  for (const { incident, isNew } of over) {
    if (isNew) await recordIfPossible(eventsOf({ executionId }, events), connectionId, 'recovered', incident);
  }
  const decision = decide(settings, grant, clock.nowMs(), { trigger, force, authorizationId, done });
  return { outcome, done, next: decision, ended: over.map(({ incident }) => incident) };
}
