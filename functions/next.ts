import type { Done } from '../core/decide.ts';
import { decide } from '../core/decide.ts';
import type { Clock, Grants } from '../core/ports.ts';
import type { StepInput, StepOutput } from './step.ts';

/** Ends a step: the next decision, from the grant as it is now, with this step counted as done. */
export async function next(
  outcome: string,
  step: Done[number] | undefined,
  input: StepInput,
  ports: { readonly grants: Pick<Grants, 'read'>; readonly clock: Clock },
): Promise<StepOutput> {
  const done: Done = step === undefined || input.done.includes(step) ? input.done : [...input.done, step];
  const { settings, grant } = await ports.grants.read(input.ask.connectionId);
  if (settings === undefined) {
    return {
      outcome,
      done,
      next: { decision: 'none', reason: 'the connection was removed from the configuration' },
    };
  }
  const { force, authorizationId } = input.ask;
  return {
    outcome,
    done,
    next: decide(settings, grant, ports.clock.nowMs(), { force, authorizationId, done }),
  };
}
