import * as z from 'zod';

import { AwsError, notSupported } from './errors.ts';
import type { Authorize, AwsService, Caller } from './service.ts';
import { accountId, region } from './service.ts';
import { Count, paged, TableService, Token } from './operations.ts';
import { parseInput } from './validate.ts';
import type { Clock, Timer } from './clock.ts';

export interface ScheduleDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  /** `rate(25 minutes)`, `rate(1 minute)`: the one form that is supported. */
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
  readonly queueArn: string | undefined;
  readonly targetArn: string;
  /** The request that the target would have got. */
  readonly body: string;
  /** Retries after the first attempt. */
  readonly attempts: number;
}

interface Schedule {
  readonly definition: ScheduleDefinition;
  readonly createdAtMs: number;
  changedAtMs: number;
  /** The timer for the next time; undefined while it is disabled. */
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
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
const ListSchedulesInput = z.strictObject({
  NamePrefix: Name.optional(),
  ScheduleGroup: Name.optional(),
  State: z.enum(['ENABLED', 'DISABLED']).optional(),
  MaxResults: Count(100),
  NextToken: Token,
});

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
    ['ListSchedules', (input, caller) => this.#listSchedules(input, caller)],
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
    const added = { definition: schedule, createdAtMs: nowMs, changedAtMs: nowMs, timer: undefined };
    this.#schedules.set(schedule.name, added);
    this.#plan(added, nowMs, Number(minutes) * 60_000);
  }

  /** As deleting the schedule does. */
  removeSchedule(name: string): void {
    this.disable(name);
    this.#schedules.delete(name);
  }

  /** As somebody does who sets its state to DISABLED. */
  disable(name: string): void {
    const schedule = this.#schedules.get(name);
    if (!schedule) return;
    schedule.timer?.cancel();
    schedule.timer = undefined;
    schedule.changedAtMs = this.#clock.now();
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
      ...shown(schedule),
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

  #listSchedules(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const given = parseInput('scheduler:ListSchedules', ListSchedulesInput, input);
    const { NamePrefix: prefix = '', ScheduleGroup: group = groupName, State: state } = given;
    this.#authorize(caller, 'scheduler:ListSchedules', arnOf('*', given.ScheduleGroup ?? '*'));
    const found = [...this.#schedules.values()]
      .map((schedule) => ({ ...shown(schedule), Target: { Arn: schedule.definition.targetArn } }))
      .filter(({ Name: name, State }) => name.startsWith(prefix) && (state ?? State) === State)
      .filter(() => group === groupName);
    const { MaxResults: max = 100, NextToken: token } = given;
    const { items, next } = paged(found, { max, token, code: 'ValidationException' });
    return { Schedules: items, NextToken: next };
  }

  #plan(schedule: Schedule, atMs: number, periodMs: number): void {
    const { definition } = schedule;
    schedule.timer = this.#clock.at(atMs, `schedule ${definition.name}`, () => {
      this.#plan(schedule, atMs + periodMs, periodMs);
      this.#deliver(definition, atMs, 0);
    });
  }

  #deliver(schedule: ScheduleDefinition, scheduledMs: number, attempt: number): void {
    // The context attribute has seconds, and no milliseconds.
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
      const { deadLetterQueueArn, targetArn } = schedule;
      this.deadLetters.push({
        at: new Date(nowMs).toISOString(),
        schedule: schedule.name,
        error: error instanceof AwsError ? error.code : String(error),
        queueArn: deadLetterQueueArn,
        targetArn,
        body: input,
        attempts: attempt,
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

function shown({ definition: { name }, createdAtMs, changedAtMs, timer }: Schedule) {
  return {
    Arn: arnOf(name, groupName),
    Name: name,
    GroupName: groupName,
    State: timer ? 'ENABLED' : 'DISABLED',
    CreationDate: new Date(createdAtMs),
    LastModificationDate: new Date(changedAtMs),
  };
}
