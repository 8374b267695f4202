import type { Done } from '../core/decide.ts';
import { decide } from '../core/decide.ts';
import type { Clock, Connection, Grants } from '../core/ports.ts';
import type { StepInput, StepOutput } from './step.ts';

/**
 * Ends a step: the next decision, from the grant as it is now, with this step counted as done; without one it may
 * be decided again.
 */
export async function next(
  outcome: string,
  step: Done[number] | undefined,
  input: StepInput,
  ports: { readonly grants: Pick<Grants, 'read'>; readonly clock: Clock },
): Promise<StepOutput> {
  const isNew = step !== undefined && !input.done.includes(step);
  const done: Done = isNew ? [...input.done, step] : input.done;
  const connection = await ports.grants.read(input.ask.connectionId);
  return decided(outcome, { ...input, done }, connection, ports.clock.nowMs());
}

/** The answer of a step that has just read the connection. */
export function decided(
  outcome: string,
  { ask, done }: Pick<StepInput, 'ask' | 'done'>,
  { settings, grant }: Connection,
  nowMs: number,
): StepOutput {
  if (settings === undefined) {
    const reason = 'the connection was removed from the configuration';
    return { outcome, done, next: { decision: 'none', reason } };
  }
  const { force, authorizationId } = ask;
  return { outcome, done, next: decide(settings, grant, nowMs, { force, authorizationId, done }) };
}
