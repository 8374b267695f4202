import * as z from 'zod';

import { AwsError, notPlayed } from './aws/errors.ts';
import type { Authorize, AwsService, Caller } from './aws/service.ts';
import { accountId, region } from './aws/service.ts';
import { parseInput } from './aws/validate.ts';
import type { Clock, Timer } from './clock.ts';

export interface ScheduleDefinition {
  readonly name: string;
  /** `rate(25 minutes)`, `rate(1 minute)`: the one form that is played. */
  readonly scheduleExpression: string;
  /** Of a state machine or a function. */
  readonly targetArn: string;
  readonly role: Caller;
  readonly input: string;
  readonly deadLetterQueueArn?: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
}

export interface DeadLetter {
  readonly at: string;
  readonly schedule: string;
  readonly error: string;
}

interface Services {
  readonly states: AwsService;
  readonly lambda: AwsService;
}

const retryAfterMs = 60_000;

// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
const GetScheduleInput = z.strictObject({ Name: z.string().regex(/^[0-9A-Za-z_.-]{1,64}$/) });

/**
 * EventBridge Scheduler with Step Functions' StartExecution and Lambda's Invoke as templated targets.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
 */
export class Scheduler implements AwsService {
  readonly deadLetters: DeadLetter[] = [];
  readonly #clock: Clock;
  readonly #authorize: Authorize;
  readonly #services: Services;
  readonly #onDeadLetter: (queueName: string, messages: number) => void;
  readonly #timers = new Map<string, Timer>();
  readonly #disabled = new Set<string>();

  constructor(
    clock: Clock,
    authorize: Authorize,
    services: Services,
    onDeadLetter: (queueName: string, messages: number) => void,
  ) {
    this.#clock = clock;
    this.#authorize = authorize;
    this.#services = services;
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

  /** As somebody does who sets its state to DISABLED. */
  disable(name: string): void {
    this.removeSchedule(name);
    this.#disabled.add(name);
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (operation !== 'GetSchedule') throw notPlayed(`scheduler:${operation}`);
    const { Name: name } = parseInput('scheduler:GetSchedule', GetScheduleInput, input);
    const arn = `arn:aws:scheduler:${region}:${accountId}:schedule/default/${name}`;
    this.#authorize(caller, 'scheduler:GetSchedule', arn);
    const State = this.#disabled.has(name) ? 'DISABLED' : 'ENABLED';
    if (State === 'ENABLED' && !this.#timers.has(name)) {
      throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
    }
    return { Arn: arn, Name: name, GroupName: 'default', State };
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
    const start = this.#start(schedule, input);
    void this.#clock.track(
      start.catch((error: unknown) => this.#failed(schedule, scheduledMs, attempt, error)),
    );
  }

  #start({ targetArn, role }: ScheduleDefinition, input: string): Promise<Record<string, unknown>> {
    const { states, lambda } = this.#services;
    if (targetArn.startsWith('arn:aws:states:')) {
      return states.call('StartExecution', { stateMachineArn: targetArn, input }, role);
    }
    const invoke = {
      FunctionName: targetArn,
      InvocationType: 'Event',
      Payload: JSON.parse(input) as unknown,
    };
    return lambda.call('Invoke', invoke, role);
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
      const { deadLetterQueueArn } = schedule;
      if (deadLetterQueueArn !== undefined)
        this.#onDeadLetter(deadLetterQueueArn.split(':').at(-1)!, this.deadLetters.length);
      return;
    }
    this.#clock.at(nextMs, `retry of schedule ${schedule.name}`, () =>
      this.#deliver(schedule, scheduledMs, attempt + 1),
    );
  }
}
