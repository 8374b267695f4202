import { readFileSync } from 'node:fs';

import { remedies } from '../../core/errors.ts';
import type { Resumption } from '../../core/execution-request.ts';
import { AwsError } from '../../local/aws/errors.ts';
import { accountId, administrator, region } from '../../local/aws/service.ts';
import type { ExecutionStatusChange } from '../../local/aws/step-functions/step-functions.ts';
import { StepFunctions } from '../../local/aws/step-functions/step-functions.ts';
import type { Cloud } from './cloud.ts';
import type { Functions } from './functions.ts';
import { stepNames } from './functions.ts';
import type { Lambda } from './lambda.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

const functionArn = (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
const topicArn = `arn:aws:sns:${region}:${accountId}:operators`;

const definition = definitionText({
  CheckGrantFunctionArn: functionArn('check-grant'),
  RefreshTokensFunctionArn: functionArn('refresh-tokens'),
  NotifyOwnerFunctionArn: functionArn('notify-owner'),
  RequestReauthorizationFunctionArn: functionArn('request-reauthorization'),
  DisconnectGrantFunctionArn: functionArn('disconnect-grant'),
  TableName: 'table',
  OperatorTopicArn: topicArn,
  ExecutionUrl: 'https://console.example.com/',
});

function definitionText(substitutes: Record<string, string>): string {
  const text = readFileSync(new URL('../../statemachines/keep-grant.asl.json', import.meta.url), 'utf8');
  return text
    .replaceAll('"${Remedies}"', JSON.stringify(remedies))
    .replace(/\$\{(\w+)\}/g, (_all, name: string) => substitutes[name]!);
}

/** Nobody waits any more (`adapters/workflow.ts`). */
const nobodyWaits = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

/** The real state machine, in the embedded cloud's interpreter, over simulated functions and services. */
export class StateMachine {
  readonly #stage: Stage;
  readonly #ledger: Ledger;
  readonly #cloud: Cloud;
  readonly #stepFunctions: StepFunctions;
  readonly #arn: string;
  #serial = 0;

  constructor(stage: Stage, lambda: Lambda, cloud: Cloud, ledger: Ledger, functions: Functions) {
    this.#stage = stage;
    this.#ledger = ledger;
    this.#cloud = cloud;
    this.#stepFunctions = new StepFunctions({
      clock: stage.agenda,
      callTimer: (afterMs, run) => stage.agenda.after(afterMs, run),
      authorize: () => undefined,
      onStatusChange: (change) => this.#statusChanged(change),
      service: (name) => ({
        call: (operation, input) =>
          name === 'sns' ? this.#service(() => ledger.alerted(input)) : this.#dynamoDb(operation, input),
      }),
      invokeFunction: (arn, payload) => {
        const name = stepNames.find((step) => arn === functionArn(step))!;
        const { executionId, request, taskToken } = payload as {
          readonly executionId: string;
          readonly request: { readonly connectionId: string };
          readonly taskToken?: string;
        };
        ledger.stepBegins(executionId, request.connectionId);
        const waits =
          taskToken === undefined
            ? undefined
            : ledger.stepWaits(executionId, request.connectionId, taskToken);
        const invoke = async () => {
          const outcome = await functions.step(name, payload);
          if (outcome.functionError === undefined) waits?.();
          return outcome;
        };
        return lambda.forWorkflow(invoke, taskToken !== undefined).catch((error: unknown) => {
          if (taskToken !== undefined) ledger.taskIsOver(taskToken);
          throw error;
        });
      },
    });
    this.#arn = this.#stepFunctions.createStateMachine({
      name: 'keep-grant',
      definition,
      roleArn: `arn:aws:iam::${accountId}:role/keep-grant`,
    });
  }

  /** Under a name of its own. */
  start(why: string, input: Record<string, unknown>): Promise<void> {
    this.#serial += 1;
    return this.startNamed(`${why}-${this.#serial}`, input);
  }

  /** Fine when an execution has had this name already. */
  async startNamed(name: string, input: Record<string, unknown>): Promise<void> {
    const request = { stateMachineArn: this.#arn, name, input: JSON.stringify(input) };
    try {
      await this.#stepFunctions.call('StartExecution', request, administrator);
    } catch (error) {
      if ((error as AwsError).code !== 'ExecutionAlreadyExists') throw error;
    }
  }

  async resume(taskToken: string, resumption: Resumption): Promise<void> {
    const request = { taskToken, output: JSON.stringify(resumption) };
    try {
      await this.#stepFunctions.call('SendTaskSuccess', request, administrator);
    } catch (error) {
      if (!nobodyWaits.has((error as AwsError).code)) throw error;
    }
    this.#ledger.taskIsOver(taskToken);
  }

  /** As an operator stops one in the console. */
  async stop(executionArn: string): Promise<void> {
    await this.#stepFunctions.call('StopExecution', { executionArn }, administrator);
  }

  #dynamoDb(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.#service(() => this.#cloud.useTable(operation, input));
  }

  /** What the state machine asks of a service itself. */
  async #service(effect: () => Record<string, unknown>): Promise<Record<string, unknown>> {
    const { agenda, dice, faults } = this.#stage;
    const fault = faults.ofWorkflow();
    await agenda.sleep(fault === 'slow' ? dice.skewed(200, 8000) : dice.skewed(2, 30));
    this.#stage.steps += 1;
    const answer = fault === 'refused' ? undefined : effect();
    if (answer && fault !== 'answer lost') return answer;
    throw new AwsError('InternalServerError', 'A simulated fault.', 500);
  }

  #statusChanged(change: ExecutionStatusChange): void {
    const { name, status, error } = change;
    if (status !== 'RUNNING') {
      this.#stage.note(() => `execution ${name} ${status}${error === undefined ? '' : `: ${error}`}`);
    }
    this.#ledger.executionChanged(change);
  }
}
