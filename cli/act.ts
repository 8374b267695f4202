import { setTimeout as sleep } from 'node:timers/promises';

import { decide, untilOf } from '../core/decide.ts';
import type { Force } from '../core/decide.ts';
import { newestFirst } from '../core/event.ts';
import type { ActionRefusal } from '../core/action-refusal.ts';
import type { Settings } from '../core/settings.ts';
import * as pausing from '../app/panel/pausing.ts';
import { refusalText } from '../app/labels.ts';
import { lineOf, machineOf } from './history.ts';
import { CommandError, exitCodes, json, refusedAction } from './output.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, isRemoved, openStack } from './stack.ts';

const lookMs = 500;
/** Real time. An execution that takes longer waits for a retry or a person. */
const longestMs = 30_000;
/** A browser may try to log in before the owner is asked. */
const longestLoginMs = 150_000;

/** The followed execution, for `--json`. */
interface Followed {
  readonly executionArn: string;
  /** A status of Step Functions, or `WAITING` for the owner. */
  readonly status: string;
  readonly url: string;
  readonly events: readonly Record<string, string | number>[];
}

/** Starts an execution, and prints its events until it ends or waits for the owner. */
export async function act(connectionId: string, force: Force, options: Options): Promise<number> {
  const followed = await request(await openStack(options), connectionId, force, (line) => {
    if (!options.json) console.log(line);
  });
  if (options.json) console.log(json(followed));
  return isDone(force, followed) ? exitCodes.ok : exitCodes.failed;
}

/** The events that prove the request was done. A disconnection needs none, because it may have been done before. */
const doneBy: Readonly<Record<Force, readonly string[] | undefined>> = {
  refresh: ['refreshed', 'fresh'],
  // A browser may have logged in before the owner was asked.
  reauthorize: ['asked', 'browser-logged-in'],
  'change-owner': ['asked'],
  test: ['tested'],
  disconnect: undefined,
};

/** An execution can succeed without doing what was asked: it may find that the provider rejects the grant. */
function isDone(force: Force, { status, events }: Followed): boolean {
  if (status !== 'SUCCEEDED' && status !== 'WAITING') return false;
  const types = doneBy[force];
  if (types === undefined) return true;
  const done = events.find(({ type }) => types.includes(String(type)));
  // A test notice that did not reach every channel has another outcome.
  return done !== undefined && (done['outcome'] ?? 'sent') === 'sent';
}

/**
 * @param print is called with each line as it comes
 * @throws {CommandError} the request would be refused; nothing was started
 */
async function request(
  stack: Stack,
  connectionId: string,
  force: Force,
  print: (line: string) => void,
): Promise<Followed> {
  // A removed connection has no settings to decide by.
  const isRemovedOne = force === 'disconnect' && (await isRemoved(stack, connectionId));
  const connection = isRemovedOne ? undefined : await connectionOf(stack, connectionId);
  if (
    connection !== undefined &&
    (force === 'refresh' || force === 'reauthorize' || force === 'change-owner')
  ) {
    // Make the execution's decision here, to say at once why a request is refused. Only the execution sees whether the
    // client's credentials have been stored since.
    const done = force === 'refresh' ? [] : ['refresh' as const];
    const grant = { ...connection.grant, setUp: false };
    const { settings } = connection;
    const decision = decide(settings, grant, stack.nowMs, { force, done });
    if (decision.decision !== (force === 'change-owner' ? 'reauthorize' : force)) {
      throw refusedAction(refusalText(decision.reason, settings, untilOf(decision)));
    }
  }
  const { stateMachineArn } = await stack.deployment();
  const { stepFunctionsWorkflow } = await import('../adapters/workflow.ts');
  const name = `${connectionId}-cli-${force}-${Date.now()}`;
  const asked = { connectionId, trigger: 'operator', force, by: stack.by } as const;
  const executionArn = await stepFunctionsWorkflow(stateMachineArn).startExecution(asked, name);
  if (executionArn === undefined)
    throw new CommandError('The same was asked for at this moment. See: grantkeeper history');
  const timeZone = connection?.settings.owner.timeZone ?? 'UTC';
  const untilMs = force === 'reauthorize' ? longestLoginMs : longestMs;
  return follow(stack, { connectionId, timeZone, untilMs }, executionArn, print);
}

/** Prints the events of an execution as they come. */
async function follow(
  stack: Stack,
  {
    connectionId,
    timeZone,
    untilMs,
  }: { readonly connectionId: string; readonly timeZone: string; readonly untilMs: number },
  executionArn: string,
  print: (line: string) => void,
): Promise<Followed> {
  const { DescribeExecutionCommand, SFNClient } = await import('@aws-sdk/client-sfn');
  const client = new SFNClient({});
  const printed = new Set<string>();
  const lines = [];
  let status = 'RUNNING';
  let isWaiting = false;
  for (let waitedMs = 0; status === 'RUNNING' && !isWaiting && waitedMs < untilMs; waitedMs += lookMs) {
    await sleep(lookMs);
    ({ status = 'RUNNING' } = await client.send(new DescribeExecutionCommand({ executionArn })));
    const page = { kind: undefined, before: undefined, limit: 20 };
    const { events } = await stack.panel.readEvents(connectionId, page);
    const fresh = newestFirst(events).filter(
      ({ key, details }) => details.executionId === executionArn && !printed.has(key),
    );
    for (const event of fresh.toReversed()) {
      printed.add(event.key);
      lines.push(event);
      print(lineOf(event, timeZone).join('  '));
      isWaiting ||= event.type === 'asked';
    }
  }
  const url = `${stack.panelSettings.executionUrl}${executionArn}`;
  const stillRuns = status === 'RUNNING' ? 'is still running' : status.toLowerCase();
  print(`The execution ${isWaiting ? 'is waiting for the owner' : stillRuns}: ${url}`);
  return { executionArn, status: isWaiting ? 'WAITING' : status, url, events: lines.map(machineOf) };
}

/** Pauses a connection: no refreshes and no notices until it is resumed. */
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

/** @param make returns why it was refused, if it was */
async function change(
  connectionId: string,
  options: Options,
  make: (settings: Settings, by: string, ports: pausing.PausingPorts) => Promise<ActionRefusal | undefined>,
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
  if (why !== undefined) throw refusedAction(refusalText(why, settings));
  const { grant } = await connectionOf(stack, connectionId);
  if (options.json) console.log(json({ connectionId, paused: grant.paused }));
  else
    console.log(
      grant.paused
        ? `${connectionId} is paused.`
        : `${connectionId} is resumed. Its next check goes on as scheduled.`,
    );
  return exitCodes.ok;
}
