import { setTimeout as sleep } from 'node:timers/promises';

import { decide } from '../core/decide.ts';
import type { Force } from '../core/decide.ts';
import { newestFirst } from '../core/event.ts';
import type { Settings } from '../core/settings.ts';
import * as pausing from '../app/panel/pausing.ts';
import { refusalWords } from '../app/labels.ts';
import { lineOf, machineOf } from './history.ts';
import { CommandError, exitCodes, json, refusedAction } from './output.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, isRemoved, openStack } from './stack.ts';

const lookMs = 500;
/** Real time; what takes longer waits for a retry, or for somebody. */
const longestMs = 30_000;
/** Before the owner is asked a browser may be sent. */
const longestLoginMs = 150_000;

/** What became of an execution as far as it was followed, for programs. */
interface Followed {
  readonly executionArn: string;
  /** Of Step Functions, or `WAITING` for the owner. */
  readonly status: string;
  readonly url: string;
  readonly events: readonly Record<string, string | number>[];
}

/** Starts an execution that does it, and tells what it does until it has ended, or waits for the owner. */
export async function ask(connectionId: string, force: Force, options: Options): Promise<number> {
  const followed = await request(await openStack(options), connectionId, force, (line) => {
    if (!options.json) console.log(line);
  });
  if (options.json) console.log(json(followed));
  return isDone(force, followed) ? exitCodes.well : exitCodes.failed;
}

/** What the timeline has when that was done which was asked for; an end needs no line, for it may have been there. */
const doneBy: Readonly<Record<Force, readonly string[] | undefined>> = {
  refresh: ['refreshed', 'fresh'],
  // A browser may have done it before anybody was asked.
  reauthorize: ['asked', 'browser-logged-in'],
  'change-owner': ['asked'],
  test: ['tested'],
  disconnect: undefined,
};

/** An execution may end well, and have decided otherwise: a grant that the provider rejects is no refresh. */
function isDone(force: Force, { status, events }: Followed): boolean {
  if (status !== 'SUCCEEDED' && status !== 'WAITING') return false;
  const types = doneBy[force];
  if (types === undefined) return true;
  const done = events.find(({ type }) => types.includes(String(type)));
  // A test that did not reach every channel says so.
  return done !== undefined && (done['outcome'] ?? 'sent') === 'sent';
}

/**
 * @param tell hears each line as it comes
 * @throws {CommandError} where nothing would come of it; nothing was started
 */
async function request(
  stack: Stack,
  connectionId: string,
  force: Force,
  tell: (line: string) => void,
): Promise<Followed> {
  // Of one that has left the configuration no more is known.
  const isLeft = force === 'disconnect' && (await isRemoved(stack, connectionId));
  const connection = isLeft ? undefined : await connectionOf(stack, connectionId);
  if (
    connection !== undefined &&
    (force === 'refresh' || force === 'reauthorize' || force === 'change-owner')
  ) {
    // What the execution would decide is decided here first: whoever asks hears why nothing comes of it. Whether the
    // client's credentials are there by now is for the execution to see.
    const done = force === 'refresh' ? [] : ['refresh' as const];
    const grant = { ...connection.grant, setUp: false };
    const { settings } = connection;
    const decision = decide(settings, grant, stack.nowMs, { force, done });
    if (decision.decision !== (force === 'change-owner' ? 'reauthorize' : force)) {
      throw refusedAction(refusalWords(decision, settings.owner.timeZone));
    }
  }
  const { stateMachineArn } = await stack.deployment();
  const { stepFunctionsWorkflow } = await import('../adapters/workflow.ts');
  const name = `${connectionId}-cli-${force}-${Date.now()}`;
  const asked = { connectionId, trigger: 'operator', force, by: stack.by } as const;
  const executionArn = await stepFunctionsWorkflow(stateMachineArn).startExecution(asked, name);
  if (executionArn === undefined) throw new CommandError('That was asked for just now already.');
  const timeZone = connection?.settings.owner.timeZone ?? 'UTC';
  const untilMs = force === 'reauthorize' ? longestLoginMs : longestMs;
  return follow(stack, { connectionId, timeZone, untilMs }, executionArn, tell);
}

/** Prints the lines of the timeline that an execution writes, as they come. */
async function follow(
  stack: Stack,
  {
    connectionId,
    timeZone,
    untilMs,
  }: { readonly connectionId: string; readonly timeZone: string; readonly untilMs: number },
  executionArn: string,
  tell: (line: string) => void,
): Promise<Followed> {
  const { DescribeExecutionCommand, SFNClient } = await import('@aws-sdk/client-sfn');
  const client = new SFNClient({});
  const notified = new Set<string>();
  const lines = [];
  let status = 'RUNNING';
  let isWaiting = false;
  for (let waitedMs = 0; status === 'RUNNING' && !isWaiting && waitedMs < untilMs; waitedMs += lookMs) {
    await sleep(lookMs);
    ({ status = 'RUNNING' } = await client.send(new DescribeExecutionCommand({ executionArn })));
    const page = { kind: undefined, before: undefined, limit: 20 };
    const { events } = await stack.panel.readEvents(connectionId, page);
    const fresh = newestFirst(events).filter(
      ({ key, details }) => details.executionId === executionArn && !notified.has(key),
    );
    for (const event of fresh.toReversed()) {
      notified.add(event.key);
      lines.push(event);
      tell(lineOf(event, timeZone).join('  '));
      isWaiting ||= event.type === 'asked';
    }
  }
  const url = `${stack.panelSettings.executionUrl}${executionArn}`;
  const stillRuns = status === 'RUNNING' ? 'is still running' : status.toLowerCase();
  tell(`The execution ${isWaiting ? 'waits for the owner' : stillRuns}: ${url}`);
  return { executionArn, status: isWaiting ? 'WAITING' : status, url, events: lines.map(machineOf) };
}

/** Nothing is refreshed and nobody is told anything until it is resumed. */
export async function pause(connectionId: string, reason: string, options: Options): Promise<number> {
  return change(connectionId, options, (settings, by, ports) =>
    pausing.pause(settings, { by, reason }, ports),
  );
}

export async function resume(
  connectionId: string,
  reason: string | undefined,
  options: Options,
): Promise<number> {
  return change(connectionId, options, (settings, by, ports) =>
    pausing.resume(settings, { by, ...(reason !== undefined && { reason }) }, ports),
  );
}

/** @param make answers why nothing was changed, if so */
async function change(
  connectionId: string,
  options: Options,
  make: (settings: Settings, by: string, ports: pausing.PausingPorts) => Promise<string | undefined>,
): Promise<number> {
  const stack = await openStack(options);
  const { settings } = await connectionOf(stack, connectionId);
  const [{ dynamoGrants }, { dynamoEvents }, { systemRandom }] = await Promise.all([
    import('../adapters/grants.ts'),
    import('../adapters/events.ts'),
    import('../adapters/system.ts'),
  ]);
  const { table, clock, by } = stack;
  const events = dynamoEvents(table, clock, systemRandom);
  const why = await make(settings, by, { grants: dynamoGrants(table), events, clock });
  if (why !== undefined) throw refusedAction(why);
  const { grant } = await connectionOf(stack, connectionId);
  if (options.json) console.log(json({ connectionId, paused: grant.paused }));
  else
    console.log(grant.paused ? `${connectionId} is paused.` : `${connectionId} goes on with its next check.`);
  return exitCodes.well;
}
