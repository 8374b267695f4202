import { administrator } from '../aws/service.ts';
import type { Cloud } from '../cloud.ts';
import type { ExecutionStatus } from '../aws/step-functions/execution.ts';
import type { HistoryEvent } from '../aws/step-functions/history.ts';

interface ListedExecution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  /** Epoch seconds. */
  readonly startDate: number;
}

/** As DescribeExecution answers, with its history. */
export interface DescribedExecution extends ListedExecution {
  readonly stateMachineArn: string;
  /** Epoch seconds. */
  readonly stopDate?: number;
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly history: readonly HistoryEvent[];
}

/** The waiting executions and the newest others, each with the states that it entered. */
export async function executionsOf(cloud: Cloud) {
  const list = async (members: Record<string, unknown>) => {
    const { stateMachineArn } = cloud.outputs;
    const listed = await call(cloud, 'ListExecutions', { stateMachineArn, maxResults: 30, ...members });
    return listed as { executions: ListedExecution[]; nextToken?: string };
  };
  const withStates = (executions: ListedExecution[]) =>
    Promise.all(
      executions.map(async (execution) => {
        const events = await historyOf(cloud, execution.executionArn);
        const states = events.flatMap(
          ({ stateEnteredEventDetails: entered }) => (entered as { name: string } | undefined)?.name ?? [],
        );
        return { ...execution, states };
      }),
    );
  const [running, newest] = await Promise.all([list({ statusFilter: 'RUNNING' }), list({})]);
  return {
    waiting: await withStates(running.executions),
    others: await withStates(newest.executions.filter(({ status }) => status !== 'RUNNING')),
    more: newest.nextToken !== undefined,
  };
}

/** @throws {AwsError} if the execution doesn't exist */
export async function describeExecution(cloud: Cloud, executionArn: string): Promise<DescribedExecution> {
  const execution = (await call(cloud, 'DescribeExecution', {
    executionArn,
  })) as unknown as DescribedExecution;
  return { ...execution, history: await historyOf(cloud, executionArn) };
}

/** All events, oldest first, from as many pages as there are. */
async function historyOf(cloud: Cloud, executionArn: string): Promise<HistoryEvent[]> {
  const all: HistoryEvent[] = [];
  let nextToken: unknown;
  do {
    const page = await call(cloud, 'GetExecutionHistory', {
      executionArn,
      maxResults: 1000,
      ...(nextToken !== undefined && { nextToken }),
    });
    all.push(...(page.events as HistoryEvent[]));
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return all;
}

function call(cloud: Cloud, operation: string, input: Record<string, unknown>) {
  return cloud.stepFunctions.call(operation, input, administrator);
}
