import { timestampPattern, type State, type StateOf } from './definition.ts';
import { StateFailure } from './failure.ts';
import type { Json } from './json.ts';
import { runTask } from './task.ts';
import type { Template } from './template.ts';
import { leave, secondsOf, type Left, type Visit } from './visit.ts';

/**
 * Does what a state does, and says how it is left.
 * @throws {StateFailure} when nothing catches it
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
    const holds = await visit.evaluate(rule.Condition, `${field}Condition`);
    if (typeof holds !== 'boolean')
      throw visit.evaluationFailure(`${field}Condition`, 'did not evaluate to a boolean');
    if (holds) return leave(visit, rule, visit.input, { field });
  }
  if (state.Default === undefined) {
    throw new StateFailure('States.NoChoiceMatched', `No choice of '${visit.stateName}' matched`);
  }
  // The state's own Output and Assign are for the default; a rule has its own.
  return leave(visit, { ...state, Next: state.Default }, visit.input);
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html */
async function wait(visit: Visit, state: StateOf<'Wait'>): Promise<Left> {
  const untilMs = state.Seconds
    ? visit.nowMs() + (await secondsOf(visit, state.Seconds, 'Seconds', 0)) * 1000
    : await timestampOf(visit, state.Timestamp);
  if (untilMs > visit.nowMs()) {
    await visit.pause<void>((resume) => visit.timer(untilMs, `end of ${visit.stateName}`, resume));
  }
  return leave(visit, state, visit.input);
}

async function timestampOf(visit: Visit, template: Template | undefined): Promise<number> {
  const timestamp = template && (await visit.evaluate(template, 'Timestamp'));
  const isTime = typeof timestamp === 'string' && timestampPattern.test(timestamp);
  const untilMs = isTime ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(untilMs))
    throw visit.evaluationFailure('Timestamp', 'did not evaluate to an RFC 3339 time');
  return untilMs;
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html */
async function fail(visit: Visit, state: StateOf<'Fail'>): Promise<never> {
  const textOf = async (template: Template | undefined, field: string): Promise<string | undefined> => {
    const value: Json | undefined = template && (await visit.evaluate(template, field));
    if (value !== undefined && typeof value !== 'string')
      throw visit.evaluationFailure(field, 'did not evaluate to a string');
    return value;
  };
  const error = await textOf(state.Error, 'Error');
  throw new StateFailure(error ?? '', await textOf(state.Cause, 'Cause'));
}
