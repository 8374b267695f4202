/** CloudWatch Logs: what functions print, what the state machines went through, and the access log of the API. */
import * as z from 'zod';

import { AwsError } from '../errors.ts';
import { Count, definer, paged, TableService, type Output } from '../operations.ts';
import { accountId, region, type Authorize } from '../service.ts';
import type { Look } from './deployed.ts';
import { logFilter } from './log-filter.ts';

export interface LogEvent {
  readonly stream: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** Who writes into log groups, and what they have written so far. */
export interface LogSources {
  readonly functionLogs: (functionName: string) => readonly LogEvent[];
  readonly executionLogs: (stateMachineName: string) => Promise<readonly LogEvent[]>;
  readonly accessLogs: (format: string) => readonly LogEvent[];
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const logGroupName = z
  .string()
  .regex(/^[.\-_/#A-Za-z0-9]{1,512}$/)
  .optional();
const logGroupIdentifier = z
  .string()
  .regex(/^[\w#+=/:,.@-]{1,2048}$/)
  .optional();
const group = { logGroupName, logGroupIdentifier };
const streamName = z.string().regex(/^[^:*]{1,512}$/);
const nextToken = z.string().min(1).optional();
const timeMs = z.int().min(0).optional();
const limit = z.int().min(1).max(10_000).default(10_000);
const window = { startTime: timeMs, endTime: timeMs, limit, nextToken, unmask: z.literal(false).optional() };

interface Named {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

const code = 'InvalidParameterException';
const arnPrefix = `arn:aws:logs:${region}:${accountId}:log-group:`;

export function logsService(look: Look, authorize: Authorize, sources: LogSources): TableService {
  const define = definer('logs', authorize, code);
  const groups = () => look().resources.ofType('aws:cloudwatch/logGroup:LogGroup');
  const nameOf = ({ logGroupName: name, logGroupIdentifier: identifier }: Named) => {
    if ((name === undefined) !== (identifier === undefined))
      return name ?? identifier!.replace(arnPrefix, '');
    throw new AwsError(code, 'Specify either logGroupName or logGroupIdentifier.');
  };
  const on = { on: (named: Named) => `${arnPrefix}${nameOf(named)}:log-stream:` };

  /** In the order of their time. */
  const eventsOf = async (named: Named): Promise<LogEvent[]> => {
    const name = nameOf(named);
    const { resources } = look();
    if (!groups().some(({ inputs }) => inputs.name === name)) {
      throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
    }
    const functions = resources
      .ofType('aws:lambda/function:Function')
      .filter(({ inputs }) => inputs.loggingConfig.logGroup === name);
    const machines = resources
      .ofType('aws:sfn/stateMachine:StateMachine')
      .filter(({ inputs }) => inputs.loggingConfiguration?.logDestination === `${arnPrefix}${name}:*`);
    const formats = resources
      .ofType('aws:apigatewayv2/stage:Stage')
      .flatMap(({ inputs: { accessLogSettings: log } }) =>
        log?.destinationArn === `${arnPrefix}${name}` ? [log.format] : [],
      );
    const executions = machines.map(({ inputs }) => sources.executionLogs(inputs.name));
    return [
      ...functions.flatMap(({ inputs }) => sources.functionLogs(inputs.name)),
      ...(await Promise.all(executions)).flat(),
      ...formats.flatMap((format) => sources.accessLogs(format)),
    ].sort((one, other) => one.timestamp - other.timestamp);
  };

  return new TableService('logs', [
    define(
      'DescribeLogGroups',
      z.strictObject({
        logGroupNamePrefix: logGroupName,
        logGroupNamePattern: logGroupName,
        limit: Count(50),
        nextToken,
      }),
      ({
        logGroupNamePrefix: prefix = '',
        logGroupNamePattern: part = '',
        limit: max = 50,
        nextToken: token,
      }) => {
        const found = groups()
          .filter(({ inputs: { name } }) => name.startsWith(prefix) && name.includes(part))
          .sort((one, other) => (one.inputs.name < other.inputs.name ? -1 : 1));
        const { items, next } = paged(found, { max, token, code });
        return {
          logGroups: items.map(({ inputs: { name, retentionInDays } }) => ({
            logGroupName: name,
            creationTime: look().atMs,
            retentionInDays,
            metricFilterCount: 0,
            arn: `${arnPrefix}${name}:*`,
            logGroupArn: `${arnPrefix}${name}`,
            logGroupClass: 'STANDARD',
          })),
          nextToken: next,
        };
      },
      { on: () => `${arnPrefix}:log-stream:` },
    ),
    define(
      'DescribeLogStreams',
      z.strictObject({
        ...group,
        logStreamNamePrefix: streamName.optional(),
        orderBy: z.enum(['LogStreamName', 'LastEventTime']).default('LogStreamName'),
        descending: z.boolean().default(false),
        limit: Count(50),
        nextToken,
      }),
      async ({ logStreamNamePrefix: prefix = '', orderBy, descending, limit: max = 50, ...given }) => {
        if (prefix !== '' && orderBy === 'LastEventTime') {
          throw new AwsError(code, 'Cannot order by LastEventTime with a logStreamNamePrefix.');
        }
        const byStream = Map.groupBy(await eventsOf(given), ({ stream }) => stream);
        const streams = [...byStream]
          .filter(([name]) => name.startsWith(prefix))
          .map(([logStreamName, events]) => streamOf(nameOf(given), logStreamName, events))
          .sort((one, other) => {
            const isLess =
              orderBy === 'LogStreamName'
                ? one.logStreamName < other.logStreamName
                : one.lastEventTimestamp < other.lastEventTimestamp;
            return isLess === descending ? 1 : -1;
          });
        const { items, next } = paged(streams, { max, token: given.nextToken, code });
        return { logStreams: items, nextToken: next };
      },
      on,
    ),
    define(
      'FilterLogEvents',
      z.strictObject({
        ...group,
        ...window,
        logStreamNames: z.array(streamName).min(1).max(100).optional(),
        logStreamNamePrefix: streamName.optional(),
        filterPattern: z.string().max(1024).default(''),
        // "The default is true, and any value is ignored."
        interleaved: z.boolean().optional(),
      }),
      async ({ logStreamNames: names, logStreamNamePrefix: prefix = '', filterPattern, ...given }) => {
        const passes = logFilter(filterPattern);
        const found = (await eventsOf(given))
          .map((event, index) => ({ ...event, index }))
          .filter(({ stream }) => stream.startsWith(prefix) && (names?.includes(stream) ?? true))
          .filter((event) => isWithin(given, event) && passes(event.message));
        const { items, next } = paged(found, { max: given.limit, token: given.nextToken, code });
        return {
          events: items.map(({ index, stream, ...event }) => ({
            logStreamName: stream,
            ...event,
            ingestionTime: event.timestamp,
            eventId: String(index).padStart(56, '0'),
          })),
          searchedLogStreams: [],
          nextToken: next,
        };
      },
      on,
    ),
    define(
      'GetLogEvents',
      z.strictObject({
        ...group,
        ...window,
        logStreamName: streamName,
        startFromHead: z.boolean().default(false),
      }),
      async ({ logStreamName, startFromHead, limit: max, nextToken: token, ...given }) => {
        const all = (await eventsOf(given)).filter(({ stream }) => stream === logStreamName);
        if (all.length === 0) {
          throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
        }
        const events = all.filter((event) => isWithin(given, event));
        const [start, end] = span(
          events.length,
          max,
          token ?? (startFromHead ? 'f/0' : `b/${events.length}`),
        );
        return {
          events: events
            .slice(start, end)
            .map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
          nextForwardToken: `f/${end}`,
          nextBackwardToken: `b/${start}`,
        };
      },
      on,
    ),
  ]);
}

function isWithin(
  { startTime = 0, endTime = Infinity }: { startTime?: number | undefined; endTime?: number | undefined },
  { timestamp }: LogEvent,
): boolean {
  return timestamp >= startTime && timestamp <= endTime;
}

/** Forward from a place in the stream, or backward from it. */
function span(length: number, max: number, token: string): [number, number] {
  const [, direction, place] = /^([fb])\/(\d{1,9})$/.exec(token) ?? [];
  if (direction === undefined) throw new AwsError(code, 'The specified nextToken is invalid.');
  const at = Math.min(Number(place), length);
  return direction === 'f' ? [at, Math.min(at + max, length)] : [Math.max(at - max, 0), at];
}

function streamOf(groupName: string, logStreamName: string, events: readonly LogEvent[]) {
  const [first, last] = [events[0]!.timestamp, events.at(-1)!.timestamp];
  return {
    logStreamName,
    creationTime: first,
    firstEventTimestamp: first,
    lastEventTimestamp: last,
    lastIngestionTime: last,
    arn: `${arnPrefix}${groupName}:log-stream:${logStreamName}`,
  } satisfies Output;
}
