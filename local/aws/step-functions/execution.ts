import type { Clock, Timer } from '../clock.ts';
import { region, accountId } from '../service.ts';
import type { Definition, State } from './definition.ts';
import { asFailure, StateFailure } from './failure.ts';
import { History, maximumEvents, type HistoryEventType } from './history.ts';
import type { IntegrationPorts } from './integrations.ts';
import type { Json } from './json.ts';
import { runState } from './states.ts';
import { outputMembers } from './task.ts';
import { EvaluationError } from './template.ts';
import type { TaskTokens } from './task-tokens.ts';
import type { Left, Visit } from './visit.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: Definition;
  readonly creationMs: number;
}

export interface ExecutionPorts extends IntegrationPorts {
  readonly clock: Clock;
  /** Ends a call that takes too long, in the time in which calls run: the clock may stand still. */
  callTimer(afterMs: number, run: () => void): Timer;
}

interface Ending {
  readonly output?: Json;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

const endingEvents = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  TIMED_OUT: 'ExecutionTimedOut',
  ABORTED: 'ExecutionAborted',
} as const;

/** Keeps labels of timers short: names of executions can have 80 characters. */
const labelCharacters = 24;

/** One run of a state machine. Its work holds the clock still; its waits don't. */
export class Execution {
  readonly arn: string;
  readonly machine: StateMachine;
  readonly name: string;
  readonly input: string;
  readonly startMs: number;
  readonly history = new History();
  status: ExecutionStatus = 'RUNNING';
  stopMs: number | undefined;
  output: string | undefined;
  error: string | undefined;
  cause: string | undefined;

  readonly #ports: ExecutionPorts;
  readonly #tokens: TaskTokens;
  readonly #onStatusChange: (execution: Execution) => void;
  readonly #timers = new Set<Timer>();
  readonly #openTokens = new Set<string>();
  #variables: Readonly<Record<string, Json>> = {};
  /** Present while the execution works, absent while it waits. */
  #work: PromiseWithResolvers<void> | undefined;

  constructor(
    machine: StateMachine,
    start: { readonly name: string; readonly input: string },
    ports: ExecutionPorts,
    tokens: TaskTokens,
    onStatusChange: (execution: Execution) => void,
  ) {
    this.machine = machine;
    this.name = start.name;
    this.input = start.input;
    this.arn = `arn:aws:states:${region}:${accountId}:execution:${machine.name}:${start.name}`;
    this.#ports = ports;
    this.#tokens = tokens;
    this.#onStatusChange = onStatusChange;
    this.startMs = ports.clock.now();
  }

  /** Begins the first state and returns at once. */
  start(): void {
    const { roleArn, definition } = this.machine;
    this.#record('ExecutionStarted', { input: this.input, inputDetails: { truncated: false }, roleArn });
    this.#onStatusChange(this);
    const { TimeoutSeconds } = definition;
    if (TimeoutSeconds !== undefined) {
      this.#timer(this.startMs + TimeoutSeconds * 1000, 'time-out of the execution', () =>
        this.#end('TIMED_OUT'),
      );
    }
    this.#beginWork();
    void this.#run();
  }

  /** Ends the execution as `StopExecution` does, if it hasn't ended yet. */
  abort(error: string | undefined, cause: string | undefined): void {
    if (this.status === 'RUNNING') this.#end('ABORTED', { error, cause });
  }

  async #run(): Promise<void> {
    try {
      let input = JSON.parse(this.input) as Json;
      let stateName: string | undefined = this.machine.definition.StartAt;
      while (stateName !== undefined) {
        const left: Left = await this.#visit(stateName, input);
        input = left.output;
        stateName = left.next;
      }
      this.#end('SUCCEEDED', { output: input });
    } catch (thrown) {
      const { error, causeText } = asFailure(thrown);
      if (this.status === 'RUNNING') this.#end('FAILED', { error, cause: causeText });
    } finally {
      this.#endWork();
    }
  }

  async #visit(stateName: string, input: Json): Promise<Left> {
    const state = this.machine.definition.States[stateName];
    if (!state) throw new Error(`State ${stateName} does not exist`);
    const { Type } = state;
    const entered = { name: stateName, input: JSON.stringify(input), inputDetails: { truncated: false } };
    this.#event(`${Type}StateEntered`, entered);
    const left = await runState(this.#visitOf(stateName, state, input), state);
    if (Type === 'Fail') return left;
    const assigned = Object.entries(left.assigned).map(
      ([name, value]) => [name, JSON.stringify(value)] as const,
    );
    this.#event(`${Type}StateExited`, {
      name: stateName,
      ...outputMembers(left.output),
      ...(assigned.length > 0 && {
        assignedVariables: Object.fromEntries(assigned),
        assignedVariablesDetails: { truncated: false },
      }),
    });
    this.#variables = { ...this.#variables, ...left.assigned };
    return left;
  }

  #visitOf(stateName: string, { Type }: State, input: Json): Visit {
    const { clock } = this.#ports;
    const enteredMs = clock.now();
    // AWS begins the causes of all failures but a task's own like this.
    const during = `An error occurred while executing the state '${stateName}' (entered at the event id #${this.history.length}).`;
    const visit: Visit = {
      stateName,
      input,
      retryCount: Type === 'Task' ? 0 : undefined,
      taskToken: undefined,
      nowMs: () => clock.now(),
      evaluate: async (template, field, extra = {}) => {
        const context = this.#context(visit, enteredMs);
        const scope = {
          states: { input, context, ...extra },
          variables: this.#variables,
          nowMs: clock.now(),
        };
        try {
          return await template(scope, field);
        } catch (error) {
          if (!(error instanceof EvaluationError)) throw error;
          throw this.#evaluationFailed(stateName, error.field, `${during} ${error.message}`);
        }
      },
      evaluationFailure: ({ source = '' }, field, what) => {
        const { message } = new EvaluationError(source, field, what);
        return this.#evaluationFailed(stateName, field, `${during} ${message}`);
      },
      runtimeFailure: (what) => new StateFailure('States.Runtime', `${during} ${what}`),
      event: (type, details) => this.#event(type, details),
      pause: (begin) => this.#pause(begin),
      timer: (atMs, what, run) => this.#timer(atMs, what, run),
      callTimer: (afterMs, run) => this.#owned((ended) => this.#ports.callTimer(afterMs, ended), run),
      issueToken: (settle) => {
        const token = this.#tokens.issue(this.machine.arn, settle);
        this.#openTokens.add(token);
        return token;
      },
      closeToken: (token) => this.#closeToken(token),
      call: (integration, args) =>
        clock.track(integration.call(this.#ports, args, { principalArn: this.machine.roleArn })),
    };
    return visit;
  }

  /** @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
  #context(visit: Visit, enteredMs: number): Json {
    return {
      Execution: {
        Id: this.arn,
        Input: JSON.parse(this.input) as Json,
        Name: this.name,
        RedriveCount: 0,
        RoleArn: this.machine.roleArn,
        StartTime: new Date(this.startMs).toISOString(),
      },
      State: {
        EnteredTime: new Date(enteredMs).toISOString(),
        Name: visit.stateName,
        ...(visit.retryCount !== undefined && { RetryCount: visit.retryCount }),
      },
      StateMachine: { Id: this.machine.arn, Name: this.machine.name },
      ...(visit.taskToken !== undefined && { Task: { Token: visit.taskToken } }),
    };
  }

  #evaluationFailed(state: string, location: string, cause: string): StateFailure {
    const error = 'States.QueryEvaluationError';
    this.#event('EvaluationFailed', { error, cause, location, state });
    return new StateFailure(error, cause);
  }

  /** Records an event of a running execution. A function that still runs after the end records nothing. */
  #event(type: HistoryEventType, details: Record<string, Json | undefined>): void {
    this.#requireRunning();
    if (this.history.length >= maximumEvents - 1) {
      throw new StateFailure(
        'States.Runtime',
        `The execution reached the maximum number of history events (${maximumEvents}).`,
      );
    }
    this.#record(type, details);
  }

  /** Ends the work of an execution that has ended: States.Runtime is never caught. */
  #requireRunning(): void {
    if (this.status !== 'RUNNING') throw new StateFailure('States.Runtime', 'The execution has ended.');
  }

  #record(type: HistoryEventType, details: Record<string, Json | undefined>): void {
    this.history.add(type, this.#ports.clock.now(), details);
  }

  #end(status: keyof typeof endingEvents, { output, error, cause }: Ending = {}): void {
    const ending = output === undefined ? { error, cause } : outputMembers(output);
    // A recording of AWS has the error States.Timeout in history only.
    this.#record(endingEvents[status], status === 'TIMED_OUT' ? { error: 'States.Timeout' } : ending);
    this.status = status;
    this.stopMs = this.#ports.clock.now();
    this.output = output === undefined ? undefined : JSON.stringify(output);
    this.error = error;
    this.cause = cause;
    for (const timer of this.#timers) timer.cancel();
    for (const token of this.#openTokens) this.#closeToken(token);
    this.#onStatusChange(this);
  }

  #closeToken(token: string): void {
    this.#tokens.close(token);
    this.#openTokens.delete(token);
  }

  #timer(atMs: number, what: string, run: () => void): Timer {
    const { name } = this;
    const shown = name.length > labelCharacters ? `${name.slice(0, labelCharacters - 1)}…` : name;
    const label = `${this.machine.name} ${shown}: ${what}`;
    return this.#owned((ended) => this.#ports.clock.at(atMs, label, ended), run);
  }

  /** A timer that ends with the execution. */
  #owned(plan: (ended: () => void) => Timer, run: () => void): Timer {
    const planned = plan(() => {
      this.#timers.delete(timer);
      run();
    });
    const timer = {
      cancel: () => {
        planned.cancel();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  async #pause<T>(begin: (resume: (value: T) => void) => void): Promise<T> {
    this.#requireRunning();
    return new Promise((resolve) => {
      this.#endWork();
      let isOver = false;
      begin((value) => {
        if (isOver || this.status !== 'RUNNING') return;
        isOver = true;
        // Before anything else runs, so that the clock cannot move in between.
        this.#beginWork();
        resolve(value);
      });
    });
  }

  #beginWork(): void {
    this.#work = Promise.withResolvers();
    void this.#ports.clock.track(this.#work.promise);
  }

  #endWork(): void {
    this.#work?.resolve();
    this.#work = undefined;
  }
}
