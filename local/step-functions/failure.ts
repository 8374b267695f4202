/**
 * Why a state, or the whole execution, failed: what `Retry` and `Catch` match, and what history records.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
 */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  /** The error name, for example `States.Timeout` or `LeaseHeldError`. */
  readonly error: string;
  /** AWS's `Cause`; a time-out has none. */
  readonly causeText: string | undefined;

  constructor(error: string, causeText?: string) {
    super(causeText === undefined ? error : `${error}: ${causeText}`);
    this.error = error;
    this.causeText = causeText;
  }

  /** What `$states.errorOutput` holds, and a catcher's output unless it says otherwise. */
  get errorOutput(): { Error: string; Cause?: string } {
    return { Error: this.error, ...(this.causeText !== undefined && { Cause: this.causeText }) };
  }
}

/** Anything thrown, as a failure: what is not one is a fault of the embedded cloud, which no `Catch` may hide. */
export function asFailure(thrown: unknown): StateFailure {
  if (thrown instanceof StateFailure) return thrown;
  return new StateFailure('States.Runtime', thrown instanceof Error ? thrown.message : String(thrown));
}

/** "`States.ALL` … can't catch the `States.DataLimitExceeded` terminal error and `States.Runtime` error types." */
const terminalErrors = new Set(['States.DataLimitExceeded', 'States.Runtime']);

/** The names of AWS's own that can occur here, and so may stand in `ErrorEquals`. */
export const reservedErrorNames = new Set([
  'States.ALL',
  'States.DataLimitExceeded',
  'States.QueryEvaluationError',
  'States.Runtime',
  'States.TaskFailed',
  'States.Timeout',
]);

/**
 * Whether a retrier or catcher is for this error.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function matches(errorEquals: readonly string[], error: string): boolean {
  // "States.Runtime errors aren't retriable, and will always cause the execution to fail."
  if (error === 'States.Runtime') return false;
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (terminalErrors.has(error)) return false;
    // "States.TaskFailed acts as a wildcard that matches any known error name except for States.Timeout."
    return name === 'States.ALL' || (name === 'States.TaskFailed' && error !== 'States.Timeout');
  });
}
