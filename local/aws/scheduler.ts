import * as z from 'zod';

import { AwsError, notSupported } from './errors.ts';
import type { Authorize, AwsService, Caller } from './service.ts';
import { accountId, region } from './service.ts';
import { TableService } from './operations.ts';
import { parseInput } from './validate.ts';
import type { Clock, Timer } from './clock.ts';

export interface ScheduleDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  /** `rate(25 minutes)` or `rate(1 minute)`: the only supported form. */
  readonly scheduleExpression: string;
  /** A state machine or a function. */
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
  /** The target's input. */
  readonly body: string;
}

interface Schedule {
  readonly definition: ScheduleDefinition;
  /** Undefined while the schedule is disabled. */
  timer: Timer | undefined;
}

interface Services {
  readonly states: AwsService;
  readonly lambda: AwsService;
}

const retryAfterMs = 60_000;

// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
const Name = z.string().regex(/^[0-9A-Za-z_.-]{1,64}$/);
/** The one group that every account has. */
const groupName = 'default';
const GetScheduleInput = z.strictObject({ Name, groupName: Name.optional() });

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
  readonly #schedules = new Map<string, Schedule>();
  readonly #table = new TableService('scheduler', [
    ['GetSchedule', (input, caller) => this.#getSchedule(input, caller)],
  ]);

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
    if (minutes === undefined) throw notSupported(`the schedule expression ${schedule.scheduleExpression}`);
    const nowMs = this.#clock.now();
    const added = { definition: schedule, timer: undefined };
    this.#schedules.set(schedule.name, added);
    this.#plan(added, nowMs, Number(minutes) * 60_000);
  }

  /** Like a person who deletes the schedule. */
  removeSchedule(name: string): void {
    this.disable(name);
    this.#schedules.delete(name);
  }

  /** Like a person who sets its state to DISABLED. */
  disable(name: string): void {
    const schedule = this.#schedules.get(name);
    if (!schedule) return;
    schedule.timer?.cancel();
    schedule.timer = undefined;
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.#table.call(operation, input, caller);
  }

  #getSchedule(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const given = parseInput('scheduler:GetSchedule', GetScheduleInput, input);
    const { Name: name, groupName: group = groupName } = given;
    this.#authorize(caller, 'scheduler:GetSchedule', arnOf(name, group));
    const schedule = this.#schedules.get(name);
    if (!schedule || group !== groupName) {
      throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
    }
    const { definition } = schedule;
    return {
      Arn: arnOf(name, groupName),
      Name: name,
      GroupName: groupName,
      State: schedule.timer ? 'ENABLED' : 'DISABLED',
      Description: definition.description,
      ScheduleExpression: definition.scheduleExpression,
      ScheduleExpressionTimezone: 'UTC',
      ActionAfterCompletion: 'NONE',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: definition.targetArn,
        RoleArn: definition.role.principalArn,
        Input: definition.input,
        RetryPolicy: {
          MaximumEventAgeInSeconds: definition.maximumEventAgeSeconds,
          MaximumRetryAttempts: definition.maximumRetryAttempts,
        },
        DeadLetterConfig: definition.deadLetterQueueArn && { Arn: definition.deadLetterQueueArn },
      },
    };
  }

  #plan(schedule: Schedule, atMs: number, periodMs: number): void {
    const { definition } = schedule;
    schedule.timer = this.#clock.at(atMs, `schedule ${definition.name}`, () => {
      this.#plan(schedule, atMs + periodMs, periodMs);
      this.#deliver(definition, atMs, 0);
    });
  }

  #deliver(schedule: ScheduleDefinition, scheduledMs: number, attempt: number): void {
    // The context attribute has no milliseconds.
    const scheduledTime = new Date(scheduledMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const input = schedule.input.replaceAll('<aws.scheduler.scheduled-time>', scheduledTime);
    const start = this.#start(schedule, input);
    void this.#clock.track(
      start.catch((error: unknown) => this.#failed(schedule, scheduledMs, attempt, error, input)),
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

  #failed(
    schedule: ScheduleDefinition,
    scheduledMs: number,
    attempt: number,
    error: unknown,
    input: string,
  ): void {
    const nowMs = this.#clock.now();
    const nextMs = nowMs + retryAfterMs;
    const tooOld = nextMs > scheduledMs + schedule.maximumEventAgeSeconds * 1000;
    if (tooOld || attempt >= schedule.maximumRetryAttempts) {
      const { deadLetterQueueArn } = schedule;
      this.deadLetters.push({
        at: new Date(nowMs).toISOString(),
        schedule: schedule.name,
        error: error instanceof AwsError ? error.code : String(error),
        body: input,
      });
      if (deadLetterQueueArn !== undefined)
        this.#onDeadLetter(deadLetterQueueArn.split(':').at(-1)!, this.deadLetters.length);
      return;
    }
    this.#clock.at(nextMs, `retry of schedule ${schedule.name}`, () =>
      this.#deliver(schedule, scheduledMs, attempt + 1),
    );
  }
}

function arnOf(name: string, group: string): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
}
