import { randomUUID } from 'node:crypto';
import { AwsError, notSupported } from '../errors.ts';
import { accountId, region, type AwsService, type Caller } from '../service.ts';
import { Execution, type ExecutionPorts, type ExecutionStatus, type StateMachine } from './execution.ts';
import { StateFailure } from './failure.ts';
import type { Json } from './json.ts';
import { parseDefinition } from './parse-definition.ts';
import {
  page,
  parseRequest,
  requests,
  requireJson,
  requireName,
  type Operation,
  type Request,
} from './requests.ts';
import { TaskTokens } from './task-tokens.ts';

/**
 * The `detail` of EventBridge's "Step Functions Execution Status Change": times are epoch milliseconds there.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export interface ExecutionStatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error?: string;
  readonly cause?: string;
}

export interface StepFunctionsPorts extends ExecutionPorts {
  onStatusChange(event: ExecutionStatusChange): void;
}

/**
 * "Closed executions' history is retained for 90 days. After this time, you can no longer retrieve or view it", and the
 * name may be used again.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions
 */
const retentionMs = 90 * 24 * 60 * 60 * 1000;

/** Standard workflows in JSONata, in virtual time. */
export class StepFunctions implements AwsService {
  readonly #ports: StepFunctionsPorts;
  readonly #machines = new Map<string, StateMachine>();
  /** By ARN, in the order of their start. */
  readonly #executions = new Map<string, Execution>();
  readonly #tokens = new TaskTokens();
  readonly #operations: {
    [O in Operation]: (request: Request<O>, caller: Caller) => Record<string, unknown>;
  } = {
    ListStateMachines: (request, caller) => this.#listStateMachines(request, caller),
    StartExecution: (request, caller) => this.#startExecution(request, caller),
    DescribeExecution: (request, caller) => this.#describeExecution(request, caller),
    ListExecutions: (request, caller) => this.#listExecutions(request, caller),
    StopExecution: (request, caller) => this.#stopExecution(request, caller),
    GetExecutionHistory: (request, caller) => this.#getExecutionHistory(request, caller),
    SendTaskSuccess: (request, caller) => this.#sendTaskSuccess(request, caller),
    SendTaskFailure: (request, caller) => this.#sendTaskFailure(request, caller),
  };

  constructor(ports: StepFunctionsPorts) {
    this.#ports = ports;
  }

  /**
   * @returns the machine's ARN
   * @throws {AwsError} `InvalidDefinition`, `InvalidName`
   */
  createStateMachine(machine: {
    readonly name: string;
    readonly definition: string;
    readonly roleArn: string;
  }): string {
    const name = requireName(machine.name);
    const arn = `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
    if (this.#machines.has(arn)) {
      throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
    }
    this.#machines.set(arn, {
      arn,
      name,
      roleArn: machine.roleArn,
      definition: parseDefinition(machine.definition),
      creationMs: this.#ports.clock.now(),
    });
    return arn;
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (!Object.hasOwn(requests, operation)) {
      throw notSupported(`Step Functions ${operation}`, Object.keys(requests));
    }
    // The types of both tables pair requests and operations, but `operation` is any name.
    const perform = this.#operations[operation as Operation] as (
      request: unknown,
      caller: Caller,
    ) => Record<string, unknown>;
    return perform(parseRequest(operation as Operation, input), caller);
  }

  #listStateMachines(request: Request<'ListStateMachines'>, caller: Caller): Record<string, unknown> {
    this.#ports.authorize(caller, 'states:ListStateMachines', '*');
    const { items, nextToken } = page([...this.#machines.values()], withToken(request));
    return { stateMachines: items.map(machineSummary), ...(nextToken && { nextToken }) };
  }

  /** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
  #startExecution(request: Request<'StartExecution'>, caller: Caller): Record<string, unknown> {
    const { stateMachineArn, input, name = randomUUID() } = request;
    this.#ports.authorize(caller, 'states:StartExecution', stateMachineArn);
    const machine = this.#machine(stateMachineArn);
    requireName(name);
    requireJson(input, 'InvalidExecutionInput');
    this.#forgetOldExecutions();
    const execution = new Execution(machine, { name, input }, this.#ports, this.#tokens, (changed) =>
      this.#ports.onStatusChange(statusChange(changed)),
    );
    const existing = this.#executions.get(execution.arn);
    if (!existing) {
      this.#executions.set(execution.arn, execution);
      execution.start();
    } else if (existing.status !== 'RUNNING' || existing.input !== input) {
      // "If the execution is closed or the input is different, it returns a 400 ExecutionAlreadyExists error."
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${existing.arn}'`);
    }
    const { arn: executionArn, startMs } = existing ?? execution;
    return { executionArn, startDate: startMs / 1000 };
  }

  #describeExecution(
    { executionArn }: Request<'DescribeExecution'>,
    caller: Caller,
  ): Record<string, unknown> {
    this.#ports.authorize(caller, 'states:DescribeExecution', executionArn);
    const execution = this.#execution(executionArn);
    const { input, output, error, cause } = execution;
    return {
      ...executionSummary(execution),
      input,
      inputDetails: { included: true },
      ...(output !== undefined && { output, outputDetails: { included: true } }),
      ...(error !== undefined && { error }),
      ...(cause !== undefined && { cause }),
    };
  }

  #listExecutions(request: Request<'ListExecutions'>, caller: Caller): Record<string, unknown> {
    const { stateMachineArn, statusFilter } = request;
    this.#ports.authorize(caller, 'states:ListExecutions', stateMachineArn);
    const machine = this.#machine(stateMachineArn);
    this.#forgetOldExecutions();
    const found = [...this.#executions.values()].filter(
      (execution) =>
        execution.machine === machine && (statusFilter === undefined || execution.status === statusFilter),
    );
    // "Results are sorted by time, with the most recent execution first."
    const { items, nextToken } = page(found.toReversed(), { ...withToken(request), fromEnd: true });
    return { executions: items.map(executionSummary), ...(nextToken && { nextToken }) };
  }

  #stopExecution(
    { executionArn, error, cause }: Request<'StopExecution'>,
    caller: Caller,
  ): Record<string, unknown> {
    this.#ports.authorize(caller, 'states:StopExecution', executionArn);
    const execution = this.#execution(executionArn);
    execution.abort(error, cause);
    return { stopDate: (execution.stopMs ?? this.#ports.clock.now()) / 1000 };
  }

  #getExecutionHistory(request: Request<'GetExecutionHistory'>, caller: Caller): Record<string, unknown> {
    this.#ports.authorize(caller, 'states:GetExecutionHistory', request.executionArn);
    const events = this.#execution(request.executionArn).history.list(request);
    const { items, nextToken } = page(events, { ...withToken(request), fromEnd: request.reverseOrder });
    return { events: items, ...(nextToken && { nextToken }) };
  }

  #sendTaskSuccess(
    { taskToken, output }: Request<'SendTaskSuccess'>,
    caller: Caller,
  ): Record<string, unknown> {
    const task = this.#task(taskToken, 'states:SendTaskSuccess', caller);
    task.settle({ output: requireJson(output, 'InvalidOutput') as Json });
    return {};
  }

  #sendTaskFailure(request: Request<'SendTaskFailure'>, caller: Caller): Record<string, unknown> {
    const task = this.#task(request.taskToken, 'states:SendTaskFailure', caller);
    task.settle({ failure: new StateFailure(request.error, request.cause) });
    return {};
  }

  /**
   * The permission names the state machine, as in CDK's `grantTaskResponse`.
   * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_stepfunctions.StateMachine.html#grantwbrtaskwbrresponseidentity
   */
  #task(taskToken: string, action: string, caller: Caller) {
    const task = this.#tokens.find(taskToken);
    this.#ports.authorize(caller, action, task.stateMachineArn);
    return task;
  }

  #machine(arn: string): StateMachine {
    requireArn(arn, 'stateMachine');
    const machine = this.#machines.get(arn);
    if (!machine) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  }

  #execution(arn: string): Execution {
    requireArn(arn, 'execution');
    this.#forgetOldExecutions();
    const execution = this.#executions.get(arn);
    if (!execution) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  }

  #forgetOldExecutions(): void {
    const sinceMs = this.#ports.clock.now() - retentionMs;
    for (const { arn, stopMs, startMs } of this.#executions.values()) {
      if (startMs > sinceMs) break;
      if (stopMs !== undefined && stopMs <= sinceMs) this.#executions.delete(arn);
    }
  }
}

function requireArn(arn: string, kind: 'stateMachine' | 'execution'): void {
  if (arn.startsWith(`arn:aws:states:${region}:${accountId}:${kind}:`)) return;
  throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN: ${arn}'`);
}

function withToken({ maxResults, nextToken }: { maxResults: number; nextToken?: string | undefined }) {
  return { maxResults, nextToken };
}

function machineSummary({ arn, name, creationMs }: StateMachine): Record<string, unknown> {
  return { stateMachineArn: arn, name, type: 'STANDARD', creationDate: creationMs / 1000 };
}

function executionSummary({
  arn,
  machine,
  name,
  status,
  startMs,
  stopMs,
}: Execution): Record<string, unknown> {
  return {
    executionArn: arn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: startMs / 1000,
    ...(stopMs !== undefined && { stopDate: stopMs / 1000 }),
  };
}

function statusChange(execution: Execution): ExecutionStatusChange {
  const { arn, machine, name, status, startMs, stopMs, input, output, error, cause } = execution;
  return {
    executionArn: arn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: startMs,
    stopDate: stopMs ?? null,
    input,
    output: output ?? null,
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}
