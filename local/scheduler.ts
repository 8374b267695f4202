import { AwsError, notPlayed } from './aws/errors.ts';
import type { AwsService, Caller } from './aws/service.ts';
import type { Clock, Timer } from './clock.ts';

export interface ScheduleDefinition {
  readonly name: string;
  /** `rate(25 minutes)`, `rate(1 minute)`: the one form that is played. */
  readonly scheduleExpression: string;
  readonly stateMachineArn: string;
  readonly role: Caller;
  readonly input: string;
  readonly deadLetterQueueArn: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
}

export interface DeadLetter {
  readonly at: string;
  readonly schedule: string;
  readonly error: string;
}

const retryAfterMs = 60_000;

/**
 * EventBridge Scheduler with Step Functions' StartExecution as templated target.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
 */
export class Scheduler {
  readonly deadLetters: DeadLetter[] = [];
  readonly #clock: Clock;
  readonly #states: AwsService;
  readonly #onDeadLetter: (queueName: string, messages: number) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, states: AwsService, onDeadLetter: (queueName: string, messages: number) => void) {
    this.#clock = clock;
    this.#states = states;
    this.#onDeadLetter = onDeadLetter;
  }

  /** A rate without a start date fires first when the schedule is made. */
  addSchedule(schedule: ScheduleDefinition): void {
    // https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based: from 1
    const minutes = /^rate\(([1-9]\d*) minutes?\)$/.exec(schedule.scheduleExpression)?.[1];
    if (minutes === undefined) throw notPlayed(`the schedule expression ${schedule.scheduleExpression}`);
    this.#plan(schedule, this.#clock.now(), Number(minutes) * 60_000);
  }

  /** As deleting the schedule does. */
  removeSchedule(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  #plan(schedule: ScheduleDefinition, atMs: number, periodMs: number): void {
    const timer = this.#clock.at(atMs, `schedule ${schedule.name}`, () => {
      this.#plan(schedule, atMs + periodMs, periodMs);
      this.#deliver(schedule, atMs, 0);
    });
    this.#timers.set(schedule.name, timer);
  }

  #deliver(schedule: ScheduleDefinition, scheduledMs: number, attempt: number): void {
    // The context attribute has seconds, and no milliseconds.
    const scheduledTime = new Date(scheduledMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const input = schedule.input.replaceAll('<aws.scheduler.scheduled-time>', scheduledTime);
    const start = this.#states.call(
      'StartExecution',
      { stateMachineArn: schedule.stateMachineArn, input },
      schedule.role,
    );
    void this.#clock.track(
      start.catch((error: unknown) => this.#failed(schedule, scheduledMs, attempt, error)),
    );
  }

  #failed(schedule: ScheduleDefinition, scheduledMs: number, attempt: number, error: unknown): void {
    const nowMs = this.#clock.now();
    const nextMs = nowMs + retryAfterMs;
    const tooOld = nextMs > scheduledMs + schedule.maximumEventAgeSeconds * 1000;
    if (tooOld || attempt >= schedule.maximumRetryAttempts) {
      this.deadLetters.push({
        at: new Date(nowMs).toISOString(),
        schedule: schedule.name,
        error: error instanceof AwsError ? error.code : String(error),
      });
      this.#onDeadLetter(schedule.deadLetterQueueArn.split(':').at(-1)!, this.deadLetters.length);
      return;
    }
    this.#clock.at(nextMs, `retry of schedule ${schedule.name}`, () =>
      this.#deliver(schedule, scheduledMs, attempt + 1),
    );
  }
}
