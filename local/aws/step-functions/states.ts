import { timestampPattern, type State, type StateOf } from './definition.ts';
import { StateFailure } from './failure.ts';
import { runTask } from './task.ts';
import type { Template } from './template.ts';
import { evaluateAs, leave, secondsOf, type Left, type Visit } from './visit.ts';

/** Recorded on AWS: a wait of 24,855 days begins, one of 24,856 days is too long. */
const maximumWaitMs = 2 ** 31 * 1000;

/**
 * Runs one state.
 * @throws {StateFailure} for a failure that nothing catches
 */
export function runState(visit: Visit, state: State): Promise<Left> {
  switch (state.Type) {
    case 'Task':
      return runTask(visit, state);
    case 'Choice':
      return choose(visit, state);
    case 'Wait':
      return wait(visit, state);
    case 'Pass':
    case 'Succeed':
      return leave(visit, state, visit.input);
    case 'Fail':
      return fail(visit, state);
  }
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html */
async function choose(visit: Visit, state: StateOf<'Choice'>): Promise<Left> {
  for (const [at, rule] of state.Choices.entries()) {
    const field = `Choices[${at}]/`;
    const holds = await evaluateAs(visit, rule.Condition, `${field}Condition`, 'boolean');
    if (holds) return leave(visit, rule, visit.input, { field });
  }
  if (state.Default === undefined) {
    throw visit.runtimeFailure(
      'Failed to transition out of the state. The state does not point to a next state.',
    );
  }
  // The state's own Output and Assign belong to the default; each rule has its own.
  return leave(visit, { ...state, Next: state.Default }, visit.input);
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html */
async function wait(visit: Visit, state: StateOf<'Wait'>): Promise<Left> {
  const delayMs = state.Seconds
    ? (await secondsOf(visit, state.Seconds, 'Seconds', 0)) * 1000
    : (await timestampOf(visit, state.Timestamp!)) - visit.nowMs();
  if (delayMs >= maximumWaitMs) throw visit.runtimeFailure('Wait state delay is too long.');
  if (delayMs > 0) {
    const untilMs = visit.nowMs() + delayMs;
    await visit.pause<void>((resume) => visit.timer(untilMs, `end of ${visit.stateName}`, resume));
  }
  return leave(visit, state, visit.input);
}

async function timestampOf(visit: Visit, template: Template): Promise<number> {
  const timestamp = await evaluateAs(visit, template, 'Timestamp', 'string');
  const untilMs = timestampPattern.test(timestamp) ? Date.parse(timestamp) : NaN;
  if (!Number.isNaN(untilMs)) return untilMs;
  throw visit.evaluationFailure(
    template,
    'Timestamp',
    `returned '${timestamp}', which is not an RFC 3339 time.`,
  );
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html */
async function fail(visit: Visit, state: StateOf<'Fail'>): Promise<never> {
  const textOf = async (template: Template | undefined, field: string): Promise<string | undefined> =>
    template && evaluateAs(visit, template, field, 'string');
  const error = await textOf(state.Error, 'Error');
  throw new StateFailure(error, await textOf(state.Cause, 'Cause'));
}
