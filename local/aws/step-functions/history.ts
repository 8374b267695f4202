import type { Json } from './json.ts';

/**
 * "Maximum execution history size: 25,000 events … If the execution history reaches this quota, the execution will fail."
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions
 */
export const maximumEvents = 25_000;

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html */
export type HistoryEventType =
  | `${'Task' | 'Choice' | 'Pass' | 'Wait' | 'Succeed'}State${'Entered' | 'Exited'}`
  | 'FailStateEntered'
  | `Task${'Scheduled' | 'Started' | 'Submitted' | 'Succeeded' | 'Failed' | 'TimedOut'}`
  | 'EvaluationFailed'
  | `Execution${'Started' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Aborted'}`;

export type HistoryEvent = {
  readonly id: number;
  readonly previousEventId: number;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly type: HistoryEventType;
} & Readonly<Record<string, unknown>>;

/** The events of one execution, in order. */
export class History {
  readonly #events: HistoryEvent[] = [];

  get length(): number {
    return this.#events.length;
  }

  /** @param details as in the event's own member, for example `taskFailedEventDetails`; undefined members are left out */
  add(type: HistoryEventType, nowMs: number, details: Record<string, Json | undefined>): void {
    const id = this.#events.length + 1;
    const previousEventId = this.#previousOf(type);
    const given = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
    this.#events.push({ id, previousEventId, timestamp: nowMs / 1000, type, [detailsMember(type)]: given });
  }

  /** Numbered as in recordings of AWS. */
  #previousOf(type: HistoryEventType): number {
    const last = this.#events.at(-1);
    // The first state follows nothing; neither does an end from outside.
    if (!last || last.id === 1 || type === 'ExecutionTimedOut' || type === 'ExecutionAborted') return 0;
    // A failure on entry follows the same event as the entry.
    if (type === 'EvaluationFailed' && last.type.endsWith('StateEntered')) return last.previousEventId;
    return last.id;
  }

  list({ reverseOrder }: { reverseOrder: boolean }): HistoryEvent[] {
    return reverseOrder ? this.#events.toReversed() : [...this.#events];
  }
}

/** `TaskStateEntered` and its like share one member; all others have their own. */
function detailsMember(type: HistoryEventType): string {
  const shared = /State(Entered|Exited)$/.exec(type);
  if (shared) return `state${shared[1]}EventDetails`;
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}
