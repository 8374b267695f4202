import type { Retrier } from './definition.ts';
import { matches, type StateFailure } from './failure.ts';

/**
 * Counts a state's retries. Each retrier counts on its own; the first that matches decides.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
 */
export class Retries {
  readonly #retriers: readonly Retrier[];
  readonly #counts = new Map<Retrier, number>();

  constructor(retriers: readonly Retrier[]) {
    this.#retriers = retriers;
  }

  /** @returns the pause before the next try, or undefined when no try is left */
  next(failure: StateFailure): number | undefined {
    const retrier = this.#retriers.find(({ ErrorEquals }) => matches(ErrorEquals, failure));
    if (!retrier) return undefined;
    const count = this.#counts.get(retrier) ?? 0;
    if (count >= retrier.MaxAttempts) return undefined;
    this.#counts.set(retrier, count + 1);
    return delayMs(retrier, count);
  }
}

function delayMs(retrier: Retrier, earlier: number): number {
  const backedOff = retrier.IntervalSeconds * retrier.BackoffRate ** earlier;
  const capped = Math.min(backedOff, retrier.MaxDelaySeconds ?? Infinity);
  // FULL: "a randomly generated delay between 0 and" the computed one.
  const jittered = retrier.JitterStrategy === 'FULL' ? capped * Math.random() : capped;
  return Math.round(jittered * 1000);
}
