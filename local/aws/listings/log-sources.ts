/** Where the embedded cloud's log groups get their events from. */
import { administrator, type AwsService } from '../service.ts';
import type { HttpApi } from '../http-api.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { HistoryEvent } from '../step-functions/history.ts';
import type { Look } from './deployed.ts';
import type { LogEvent, LogSources } from './logs.ts';

interface Writers {
  readonly lambda: Pick<Lambda, 'logs'>;
  readonly httpApi: Pick<HttpApi, 'accessLog'>;
  readonly stepFunctions: AwsService;
}

export function logSources(look: Look, { lambda, httpApi, stepFunctions }: Writers): LogSources {
  /** All pages of a listing of Step Functions. */
  const all = async <Item>(operation: string, member: string, input: Record<string, unknown>) => {
    const items: Item[] = [];
    let page: Record<string, unknown> = {};
    do {
      const { nextToken } = page;
      const more = { maxResults: 1000, ...(nextToken !== undefined && { nextToken }) };
      page = await stepFunctions.call(operation, { ...input, ...more }, administrator);
      items.push(...(page[member] as Item[]));
    } while (page.nextToken !== undefined);
    return items;
  };
  return {
    functionLogs: (functionName) =>
      lambda.logs
        .filter((line) => line.functionName === functionName)
        .map(({ at, stream, text }) => ({ stream, timestamp: Date.parse(at), message: text })),

    async executionLogs(name) {
      const machine = look()
        .resources.ofType('aws:sfn/stateMachine:StateMachine')
        .find(({ inputs }) => inputs.name === name);
      const stateMachineArn = machine?.state.arn;
      const executions = await all<{ executionArn: string }>('ListExecutions', 'executions', {
        stateMachineArn,
      });
      const logged = executions.map(async ({ executionArn }) => {
        const includeExecutionData = machine?.inputs.loggingConfiguration?.includeExecutionData ?? false;
        const given = { executionArn, includeExecutionData };
        const events = await all<HistoryEvent>('GetExecutionHistory', 'events', given);
        return events.map((event) => historyLog(name, executionArn, event));
      });
      return (await Promise.all(logged)).flat();
    },

    accessLogs: (format) =>
      httpApi.accessLog.map(({ at, routeKey, status }) => {
        const known: Record<string, string> = { routeKey, status: String(status), requestTime: at };
        const message = format.replaceAll(/\$context\.([\w.]+)/g, (_, name: string) => known[name] ?? '-');
        return { stream: 'local', timestamp: Date.parse(at), message };
      }),
  };
}

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
function historyLog(machine: string, executionArn: string, event: HistoryEvent): LogEvent {
  const { id, previousEventId, timestamp, type, ...details } = event;
  const ms = Math.round(timestamp * 1000);
  return {
    stream: `states/${machine}/${new Date(ms).toISOString().slice(0, 10)}`,
    timestamp: ms,
    message: JSON.stringify({
      id: String(id),
      type,
      details: Object.values(details)[0],
      previous_event_id: String(previousEventId),
      event_timestamp: String(ms),
      execution_arn: executionArn,
    }),
  };
}
