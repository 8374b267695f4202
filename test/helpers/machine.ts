import { AwsError } from '../../local/aws/errors.ts';
import { administrator, type AwsService, type Caller } from '../../local/aws/service.ts';
import { VirtualClock } from '../../local/aws/clock.ts';
import { StepFunctions, type ExecutionStatusChange } from '../../local/aws/step-functions/step-functions.ts';

export type Invoked = { payload: unknown; functionError?: 'Unhandled' | 'Handled' };
export type Event = { id: number; previousEventId: number; timestamp: number; type: string } & Record<
  string,
  Record<string, unknown>
>;

export const start = Date.parse('2026-01-05T12:00:00.000Z');
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
export const roleArn = 'arn:aws:iam::000000000000:role/machine';

/** A cloud of one machine, whose functions and services are given by the test. */
export class Cloud {
  readonly clock = new VirtualClock(start);
  readonly changes: ExecutionStatusChange[] = [];
  readonly authorized: string[] = [];
  readonly serviceCalls: [string, Record<string, unknown>, Caller][] = [];
  readonly payloads: unknown[] = [];
  /** Signals that end calls under way: elsewhere after real time, here when a test says so. */
  readonly callTimers: { readonly afterMs: number; readonly run: () => void; isCancelled: boolean }[] = [];
  denied: string | undefined;
  invoke: (payload: unknown) => Promise<Invoked> | Invoked = () => ({ payload: null });
  serve: AwsService['call'] = async () => ({});
  machineArn = '';
  readonly service = new StepFunctions({
    clock: this.clock,
    callTimer: (afterMs, run) => {
      const timer = { afterMs, run, isCancelled: false };
      this.callTimers.push(timer);
      return { cancel: () => (timer.isCancelled = true) };
    },
    authorize: (caller, action, resource) => {
      this.authorized.push(`${caller.principalArn.split(':').at(-1)} ${action} ${resource}`);
      if (action !== this.denied) return;
      throw new AwsError('AccessDeniedException', `User: ${caller.principalArn} is not authorized`, 403);
    },
    invokeFunction: async (_arn, payload) => {
      this.payloads.push(payload);
      return this.invoke(payload);
    },
    service: () => ({
      call: async (operation, input, caller) => {
        this.serviceCalls.push([operation, input, caller]);
        return this.serve(operation, input, caller);
      },
    }),
    onStatusChange: (change) => this.changes.push(change),
  });

  define(states: Record<string, unknown>, more: Record<string, unknown> = {}): this {
    const machine = { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more };
    this.machineArn = this.service.createStateMachine({
      name: 'keep-grant',
      definition: JSON.stringify(machine),
      roleArn,
    });
    return this;
  }

  call(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.service.call(operation, input, administrator);
  }

  async start(input: unknown = {}, name = 'one'): Promise<string> {
    const request = { stateMachineArn: this.machineArn, name, input: JSON.stringify(input) };
    const { executionArn } = await this.call('StartExecution', request);
    await this.clock.idle();
    return executionArn as string;
  }

  describe(executionArn: string): Promise<Record<string, unknown>> {
    return this.call('DescribeExecution', { executionArn });
  }

  async events(executionArn: string): Promise<Event[]> {
    return (await this.call('GetExecutionHistory', { executionArn })).events as Event[];
  }

  async types(executionArn: string): Promise<string[]> {
    return (await this.events(executionArn)).map(({ type }) => type);
  }

  /** Runs one machine to where it waits or ends. */
  async run(input?: unknown): Promise<Record<string, unknown>> {
    return this.describe(await this.start(input));
  }
}

export const invokeTask = (more: Record<string, unknown> = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: functionArn, Payload: '{% $states.input %}' },
  End: true,
  ...more,
});

export const waitTask = (more: Record<string, unknown> = {}) =>
  invokeTask({
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName: functionArn, Payload: { token: '{% $states.context.Task.Token %}' } },
    ...more,
  });

export const pass = (Output?: unknown, more: Record<string, unknown> = {}) => ({
  Type: 'Pass',
  ...(Output !== undefined && { Output }),
  End: true,
  ...more,
});

export const failing = (errorType: string) => (): Invoked => ({
  payload: { errorType, errorMessage: 'no' },
  functionError: 'Unhandled',
});

export const tokenOf = (cloud: Cloud, at = -1) => (cloud.payloads.at(at) as { token: string }).token;

export const outputOf = async (Output: unknown, input: unknown = {}) => {
  const { status, output, error, cause } = await new Cloud().define({ Only: pass(Output) }).run(input);
  return status === 'SUCCEEDED' ? (JSON.parse(output as string) as unknown) : { error, cause };
};
