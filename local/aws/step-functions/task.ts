import type { StateOf } from './definition.ts';
import { asFailure, matches, StateFailure, tooLarge } from './failure.ts';
import type { Integration, TaskArguments } from './integrations.ts';
import type { Json } from './json.ts';
import { Retries } from './retry.ts';
import type { TokenOutcome } from './task-tokens.ts';
import { isTooLarge, leave, requireSize, secondsOf, type Left, type Visit } from './visit.ts';
import { region } from '../service.ts';

type TaskState = StateOf<'Task'>;

/**
 * Tries a task, including its `Output` and `Assign`, until it succeeds or has no retries left. Then it tries the catchers.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
 */
export async function runTask(visit: Visit, state: TaskState): Promise<Left> {
  const retries = new Retries(state.Retry);
  for (;;) {
    try {
      const result = await attempt(visit, state);
      return await leave(visit, state, result, { extra: { result } });
    } catch (error) {
      const failure = asFailure(error);
      const delayMs = retries.next(failure);
      if (delayMs === undefined) return caught(visit, state, failure);
      const retryAtMs = visit.nowMs() + delayMs;
      await visit.pause<void>((resume) => visit.timer(retryAtMs, `retry of ${visit.stateName}`, resume));
      visit.retryCount = (visit.retryCount ?? 0) + 1;
    }
  }
}

/** @throws {StateFailure} the failure itself, if no catcher matches */
async function caught(visit: Visit, state: TaskState, failure: StateFailure): Promise<Left> {
  const at = state.Catch.findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure));
  const catcher = state.Catch[at];
  if (!catcher) throw failure;
  const { errorOutput } = failure;
  return leave(visit, catcher, errorOutput, { field: `Catch[${at}]/`, extra: { errorOutput } });
}

async function attempt(visit: Visit, state: TaskState): Promise<Json> {
  const integration = state.Resource;
  const named = { resource: integration.resource, resourceType: integration.resourceType };
  let settled: (outcome: TokenOutcome) => void = () => undefined;
  const token = integration.waitsForToken ? visit.issueToken((outcome) => settled(outcome)) : undefined;
  visit.taskToken = token;
  try {
    const args = (await visit.evaluate(state.Arguments, 'Arguments')) as TaskArguments;
    requireSize(visit, args);
    const timeoutSeconds =
      state.TimeoutSeconds && (await secondsOf(visit, state.TimeoutSeconds, 'TimeoutSeconds', 1));
    const parameters = JSON.stringify(args);
    visit.event('TaskScheduled', { ...named, region, parameters, timeoutInSeconds: timeoutSeconds });
    visit.event('TaskStarted', named);
    const outcome: TokenOutcome = token
      ? await untilSettled(visit, integration, args, timeoutSeconds, (settle) => (settled = settle))
      : await called(visit, integration, args, timeoutSeconds);
    if ('failure' in outcome) throw ended(visit, named, outcome.failure);
    visit.event('TaskSucceeded', { ...named, ...outputMembers(outcome.output) });
    return outcome.output;
  } finally {
    if (token) visit.closeToken(token);
    visit.taskToken = undefined;
  }
}

const timedOut: TokenOutcome = { failure: new StateFailure('States.Timeout') };

/** Makes the call. A call that takes too long continues, as on AWS, but its result is ignored. */
async function called(
  visit: Visit,
  integration: Integration,
  args: TaskArguments,
  timeoutSeconds: number | undefined,
): Promise<TokenOutcome> {
  const late = Promise.withResolvers<TokenOutcome>();
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : visit.callTimer(timeoutSeconds * 1000, () => late.resolve(timedOut));
  const answer = visit.call(integration, args).then(
    (output) => checked(integration, output),
    (error: unknown) => ({ failure: asFailure(error) }),
  );
  const outcome = await Promise.race([answer, late.promise]);
  timer?.cancel();
  return outcome;
}

function checked({ resourceType }: Integration, output: Json): TokenOutcome {
  return isTooLarge(output) ? { failure: tooLarge(resourceType, { isTerminal: false }) } : { output };
}

/**
 * Makes the call and waits for the token or the time-out. The token may come back while the call still runs.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
 */
async function untilSettled(
  visit: Visit,
  integration: Integration,
  args: TaskArguments,
  timeoutSeconds: number | undefined,
  onToken: (settle: (outcome: TokenOutcome) => void) => void,
): Promise<TokenOutcome> {
  const { resource, resourceType } = integration;
  const timesOutAtMs = timeoutSeconds === undefined ? undefined : visit.nowMs() + timeoutSeconds * 1000;
  return visit.pause<TokenOutcome>((resume) => {
    let isOver = false;
    const settle = (outcome: TokenOutcome) => {
      isOver = true;
      timer?.cancel();
      resume('output' in outcome ? checked(integration, outcome.output) : outcome);
    };
    const timer =
      timesOutAtMs === undefined
        ? undefined
        : visit.timer(timesOutAtMs, `time-out of ${visit.stateName}`, () => settle(timedOut));
    onToken(settle);
    const submit = async () => {
      const submitted = await called(visit, integration, args, timeoutSeconds);
      if ('failure' in submitted) return settle(submitted);
      try {
        const output = outputMembers(submitted.output);
        if (!isOver) visit.event('TaskSubmitted', { resource, resourceType, ...output });
      } catch (error) {
        settle({ failure: asFailure(error) });
      }
    };
    void submit();
  });
}

function ended(visit: Visit, named: Record<string, string>, failure: StateFailure): StateFailure {
  const type = failure.error === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed';
  visit.event(type, { ...named, error: failure.error, cause: failure.causeText });
  return failure;
}

export function outputMembers(output: Json): Record<'output' | 'outputDetails', Json> {
  return { output: JSON.stringify(output), outputDetails: { truncated: false } };
}
