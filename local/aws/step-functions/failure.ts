import type { Json } from './json.ts';

/**
 * The failure of a state or of the whole execution: `Retry` and `Catch` match it, and history records it.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
 */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  /** The error name, for example `States.Timeout` or `LeaseHeldError`; only `SendTaskFailure` can leave it out. */
  readonly error: string | undefined;
  /** AWS's `Cause`; a time-out has none. */
  readonly causeText: string | undefined;
  /** True if no wildcard matches it. */
  readonly isTerminal: boolean;

  constructor(
    error: string | undefined,
    causeText?: string,
    { isTerminal = error === 'States.Runtime' }: { isTerminal?: boolean } = {},
  ) {
    super([error, causeText].filter((part) => part !== undefined).join(': '));
    this.error = error;
    this.causeText = causeText;
    this.isTerminal = isTerminal;
  }

  /**
   * Value of `$states.errorOutput`, and a catcher's output by default. Both members are always there:
   * recordings of AWS show an empty cause for a time-out, and null for what `SendTaskFailure` left out.
   */
  get errorOutput(): { Error: Json; Cause: Json } {
    const noCause = this.error === 'States.Timeout' ? '' : null;
    return { Error: this.error ?? null, Cause: this.causeText ?? noCause };
  }
}

/** Turns anything thrown into a failure. Other errors are bugs of the embedded cloud, which no `Catch` may hide. */
export function asFailure(thrown: unknown): StateFailure {
  if (thrown instanceof StateFailure) return thrown;
  return new StateFailure('States.Runtime', thrown instanceof Error ? thrown.message : String(thrown));
}

/**
 * The failure for more than 256 KiB. In a recording of AWS, `States.ALL` catches it for the answer of a task. For data
 * that a state computes, the documentation says: "States.ALL … can't catch the States.DataLimitExceeded terminal error".
 * @param what name of a state, or resource type of a task
 */
export function tooLarge(what: string, { isTerminal }: { isTerminal: boolean }): StateFailure {
  const cause = `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`;
  return new StateFailure('States.DataLimitExceeded', cause, { isTerminal });
}

/** AWS's own error names that can occur here; `ErrorEquals` may contain no others. */
export const reservedErrorNames = new Set([
  'States.ALL',
  'States.DataLimitExceeded',
  'States.QueryEvaluationError',
  'States.Runtime',
  'States.TaskFailed',
  'States.Timeout',
]);

/**
 * True if a retrier or catcher matches this failure.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function matches(errorEquals: readonly string[], { error, isTerminal }: StateFailure): boolean {
  // "States.Runtime errors aren't retriable, and will always cause the execution to fail."
  if (error === 'States.Runtime') return false;
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (isTerminal) return false;
    // "States.TaskFailed acts as a wildcard that matches any known error name except for States.Timeout."
    return name === 'States.ALL' || (name === 'States.TaskFailed' && error !== 'States.Timeout');
  });
}
