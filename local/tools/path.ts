import type { HistoryEvent } from '../aws/step-functions/history.ts';

/** How a visit to a state ended, or what it does now. */
export type Outcome = 'succeeded' | 'caught' | 'failed' | 'timed out' | 'aborted' | 'waiting' | 'running';

/** One visit to one state. */
export interface Step {
  readonly state: string;
  readonly enteredAtMs: number;
  /** Absent while the execution stays there. */
  readonly leftAtMs?: number;
  readonly outcome: Outcome;
  /** Tries after the first. */
  readonly retries: number;
  /** The error that was caught, that ended the execution, or that is about to be retried. */
  readonly error?: string;
  /** What a waiting state waits for. */
  readonly waitsFor?: string;
}

const endings: Readonly<Partial<Record<HistoryEvent['type'], Outcome>>> = {
  ExecutionFailed: 'failed',
  ExecutionTimedOut: 'timed out',
  ExecutionAborted: 'aborted',
};

/** The events that end a failed try of a task. */
const failures: ReadonlySet<string> = new Set(['TaskFailed', 'TaskTimedOut', 'EvaluationFailed']);

/** A text for the wait of a running execution, by the type of its last event. */
const waits: Readonly<Partial<Record<HistoryEvent['type'], string>>> = {
  TaskFailed: 'its next try',
  TaskTimedOut: 'its next try',
  EvaluationFailed: 'its next try',
  TaskSubmitted: 'its task token',
  WaitStateEntered: 'its time',
};

/** The visits that a history records, in order. No supported state runs others in parallel. */
export function pathOf(history: readonly HistoryEvent[]): Step[] {
  const stays: HistoryEvent[][] = [];
  for (const event of history) {
    if (event.type.endsWith('StateEntered')) stays.push([event]);
    else stays.at(-1)?.push(event);
  }
  return stays.map(stepOf);
}

function stepOf(stay: readonly HistoryEvent[]): Step {
  const entered = stay[0]!;
  const exited = stay.find(({ type }) => type.endsWith('StateExited'));
  const left = exited ?? stay.find(({ type }) => type in endings);
  const tries = stay.filter(({ type }) => type === 'TaskScheduled').length;
  const step = {
    state: detailOf(entered, 'name')!,
    enteredAtMs: entered.timestamp * 1000,
    ...(left && { leftAtMs: left.timestamp * 1000 }),
    retries: Math.max(tries - 1, 0),
  };
  const settled = stay.findLast(({ type }) => failures.has(type) || type === 'TaskSucceeded');
  const failure = settled && failures.has(settled.type) ? settled : undefined;
  if (exited) return { ...step, outcome: failure ? 'caught' : 'succeeded', ...errorOf(failure) };
  if (left) return { ...step, outcome: endings[left.type]!, ...errorOf(left) };
  const last = stay.at(-1)!;
  const waitsFor = waits[last.type];
  if (waitsFor === undefined) return { ...step, outcome: 'running' };
  return { ...step, outcome: 'waiting', waitsFor, ...errorOf(failures.has(last.type) ? last : undefined) };
}

function errorOf(event: HistoryEvent | undefined): { error?: string } {
  const error = event && detailOf(event, 'error');
  return error === undefined ? {} : { error };
}

/** A member of the event's details. Each type of event names its details differently. */
function detailOf(event: HistoryEvent, member: string): string | undefined {
  const details = Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1];
  return (details as Record<string, string> | undefined)?.[member];
}
