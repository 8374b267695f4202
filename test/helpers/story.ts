import { setTimeout } from 'node:timers/promises';

import { AwsError } from '../../local/aws/errors.ts';
import type { AwsService } from '../../local/aws/service.ts';
import { administrator } from '../../local/aws/service.ts';
import type { Message } from '../../local/aws/inbox.ts';
import type { BrokerageLimits } from '../../local/brokerage/control.ts';
import type { Execution, TestDemo } from './demo.ts';
import { isAlarm, isAlert, isRecovery } from './demo.ts';

/** What the token endpoint answers to a client that it does not know, or knows no longer. */
export const clientRefused = { kind: 'status', status: 401, body: '{"error":"invalid_client"}' } as const;

/** Lets time pass without a single check, as if the scheduler stood still. Ticks keep their phase. */
export async function sleep({ cloud }: TestDemo, durationMs: number): Promise<void> {
  const undo = wrap(cloud.stepFunctions, (operation, input, call) =>
    operation === 'StartExecution' && String(input.input).includes('"schedule"')
      ? Promise.resolve({})
      : call(),
  );
  await cloud.clock.advance(durationMs);
  undo();
}

/** Sleeps until an instant (ISO 8601). */
export function sleepUntil(demo: TestDemo, instant: string): Promise<void> {
  return sleep(demo, Date.parse(instant) - demo.cloud.clock.now());
}

/** Steps to an instant (ISO 8601), with every check on the way. */
export function advanceUntil(demo: TestDemo, instant: string): Promise<void> {
  return demo.advance(Date.parse(instant) - demo.cloud.clock.now());
}

/** Starts an execution and does not wait for anything: several of them run side by side. */
export async function startBeside(
  { cloud }: TestDemo,
  input: Record<string, unknown>,
  name?: string,
): Promise<void> {
  const { stateMachineArn } = cloud.outputs;
  const request = { stateMachineArn, input: JSON.stringify(input), ...(name && { name }) };
  await cloud.stepFunctions.call('StartExecution', request, administrator);
}

/** A login that nobody's grant asked for: afterwards the grant is new and its reminder schedule begins at this instant. */
export async function logInAnew(demo: TestDemo): Promise<void> {
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  const done = await demo.logIn(demo.newestLink());
  if (done.status !== 200) throw new Error(`The login ended with ${done.status}: ${done.title}`);
  await demo.cloud.clock.idle();
}

/** Answers what came into the inbox from now on. */
export function watch(demo: TestDemo) {
  const seen = demo.cloud.inbox.list().length;
  const fresh = (isMeant: (message: Message) => boolean) =>
    demo.cloud.inbox.list().slice(seen).filter(isMeant);
  return {
    mails: () => fresh(({ channel }) => channel === 'email'),
    alerts: () => fresh(isAlert),
    /** That an alert is over. */
    recoveries: () => fresh(isRecovery),
    /** Of CloudWatch: that one has gone off, or come back. */
    alarms: () => fresh(isAlarm),
    by: (channel: Message['channel']) => fresh((message) => message.channel === channel),
  };
}

/** What was asked of the token endpoint since the brokerage's last reset. */
export async function tokenCalls({ brokerage }: TestDemo): Promise<string[]> {
  return (await brokerage.tokenCalls()).map(({ grantType, outcome }) => `${grantType} ${outcome}`);
}

/** Waits, in real time, for a request to have reached the token endpoint. */
export async function untilTokenCalls({ brokerage }: TestDemo, count: number): Promise<void> {
  while ((await brokerage.tokenCalls()).length < count) await setTimeout(5);
}

/** Waits, in real time, for a function to have logged some text. */
export async function untilLogged({ cloud }: TestDemo, part: string): Promise<void> {
  while (!cloud.lambda.logs.some(({ text }) => text.includes(part))) await setTimeout(5);
}

export async function executionNamed(demo: TestDemo, name: string): Promise<Execution | undefined> {
  return (await demo.executions()).find((execution) => execution.name === name);
}

/** The id in a link's path. */
export function authorizationIn(link: string): string {
  return new URL(link).pathname.split('/')[3]!;
}

/** How an execution ended, with what it waited for where it failed. */
export async function ending({ cloud }: TestDemo, executionArn: string): Promise<Record<string, unknown>> {
  const { status, error, cause } = await cloud.stepFunctions.call(
    'DescribeExecution',
    { executionArn },
    administrator,
  );
  return { status, error, cause };
}

/** What the timeline of a connection says, oldest first; its checks are left out. */
export async function timeline(demo: TestDemo, connectionId = 'demo-main'): Promise<string[]> {
  const types = (await events(demo, connectionId)).map(({ type }) => type);
  return types.filter((type) => type !== 'checked');
}

/** The lines of the timeline, oldest first. */
export async function events(
  { cloud }: TestDemo,
  connectionId = 'demo-main',
): Promise<{ sk: string; type: string; details: Record<string, unknown>; ttl: number }[]> {
  const { Items: items } = await cloud.dynamoDb.call(
    'Query',
    {
      TableName: cloud.outputs.tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :event)',
      ExpressionAttributeValues: { ':pk': { S: `connection#${connectionId}` }, ':event': { S: 'event#' } },
    },
    administrator,
  );
  return (items as Record<string, Record<string, string>>[]).map(({ sk, type, details, ttl }) => ({
    sk: sk!.S!,
    type: type!.S!,
    details: JSON.parse(details!.S!) as Record<string, unknown>,
    ttl: Number(ttl!.N),
  }));
}

/** Writes one attribute of the grant record, as another function of the past may have left it. */
export async function setInGrant(demo: TestDemo, attribute: string, value: unknown): Promise<void> {
  await demo.cloud.dynamoDb.call(
    'UpdateItem',
    {
      TableName: demo.cloud.outputs.tableName,
      Key: { pk: { S: 'connection#demo-main' }, sk: { S: 'grant' } },
      UpdateExpression: 'SET #attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':value': value },
    },
    administrator,
  );
}

/** As if a day had gone by: what was written to the secrets does not hold back refreshes and logins any more. */
export async function forgetWrites(demo: TestDemo): Promise<void> {
  for (const attribute of ['refreshesAtMinutes', 'requestedAtMs', 'otherWritesAtMs']) {
    await setInGrant(demo, attribute, { L: [] });
  }
}

/** Takes a connection's settings away, as its removal from config does; the schedule is left behind. */
export async function removeSettings({ cloud }: TestDemo): Promise<() => Promise<void>> {
  const key = {
    TableName: cloud.outputs.tableName,
    Key: { pk: { S: 'settings#demo-main' }, sk: { S: 'settings' } },
  };
  const { Item } = await cloud.dynamoDb.call('GetItem', key, administrator);
  await cloud.dynamoDb.call('DeleteItem', key, administrator);
  return async () =>
    void (await cloud.dynamoDb.call('PutItem', { TableName: key.TableName, Item }, administrator));
}

/** Puts what a refresh left behind that died before it moved `AWSCURRENT`. */
export async function strand(
  { cloud }: TestDemo,
  kind: 'grant' | 'access',
  value: Record<string, string>,
): Promise<string> {
  const versionId = crypto.randomUUID();
  await cloud.secrets.call(
    'PutSecretValue',
    {
      SecretId: `grantkeeper/local/demo-main/${kind}`,
      ClientRequestToken: versionId,
      SecretString: JSON.stringify(value),
      VersionStages: ['AWSPENDING'],
    },
    administrator,
  );
  return versionId;
}

export interface Hold {
  /** Resolves when so many wait there. */
  reached(count?: number): Promise<void>;
  release(): void;
}

/** Holds back every invocation of a function until it is released. */
export function holdFunction({ cloud }: TestDemo, functionName: string): Hold {
  const { lambda, clock } = cloud;
  const invoke = lambda.invoke.bind(lambda);
  const hold = newHold(() => (lambda.invoke = invoke));
  lambda.invoke = async (functionArn, payload) => {
    if (functionArn.endsWith(`-local-${functionName}`)) await clock.track(hold.wait());
    return invoke(functionArn, payload);
  };
  return hold;
}

/** Holds back one function's calls of one operation of Secrets Manager until they are released. */
export const holdSecrets = ({ cloud }: TestDemo, functionName: string, operation: string): Hold =>
  holdCalls(cloud.secrets, functionName, (name) => name === operation);

/** Holds back the first read of the grant's secret by one function; later ones pass. */
export const holdFirstGrantRead = ({ cloud }: TestDemo, functionName: string): Hold =>
  holdCalls(
    cloud.secrets,
    functionName,
    (name, { SecretId }) => name === 'GetSecretValue' && String(SecretId).endsWith('/grant'),
    1,
  );

/**
 * Holds back what one function writes of one attribute into the table.
 * @param most how many writes are held back; later ones pass
 */
export const holdWrites = (
  { cloud }: TestDemo,
  functionName: string,
  attribute: string,
  most = Infinity,
): Hold =>
  holdCalls(
    cloud.dynamoDb,
    functionName,
    (_name, input) => String(input.UpdateExpression).includes(`#${attribute} =`),
    most,
  );

/** Holds back the mails that one function sends. */
export const holdMails = ({ cloud }: TestDemo, functionName: string): Hold =>
  holdCalls(cloud.ses, functionName, (name) => name === 'SendEmail');

function holdCalls(
  service: AwsService,
  functionName: string,
  isMeant: (operation: string, input: Record<string, unknown>) => boolean,
  most = Infinity,
): Hold {
  const hold = newHold(() => undo());
  let held = 0;
  const undo = wrap(service, async (name, input, call, principalArn) => {
    if (isMeant(name, input) && principalArn.endsWith(`-${functionName}`) && held < most) {
      held += 1;
      await hold.wait();
    }
    return call();
  });
  return hold;
}

/** Lets SES refuse every mail, as it does for an identity that is not verified, until undone. */
export function breakMail({ cloud }: TestDemo, code = 'MessageRejected'): () => void {
  return wrap(cloud.ses, () => Promise.reject(new AwsError(code, 'Email address is not verified.')));
}

/** Lets one operation of Secrets Manager fail for one function, as AWS does on a bad day, until undone. */
export function breakSecrets({ cloud }: TestDemo, functionName: string, operation: string): () => void {
  return wrap(cloud.secrets, (name, _input, call, principalArn) =>
    name === operation && principalArn.endsWith(`-${functionName}`)
      ? Promise.reject(new AwsError('InternalServiceError', 'An error occurred on the server side.', 500))
      : call(),
  );
}

/** Spends a refresh token at the brokerage itself, behind Grantkeeper's back. */
export async function refreshDirectly(
  { demo: { brokerage, client } }: TestDemo,
  refreshToken: string,
): Promise<{ readonly status: number; readonly answer: Readonly<Record<string, string>> }> {
  const credentials = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64');
  const response = await fetch(brokerage.tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, string> };
}

export const rotating: Partial<BrokerageLimits> = { rotate: true };

function newHold(undo: () => void) {
  const released = Promise.withResolvers<void>();
  const waiting: Promise<void>[] = [];
  return {
    wait: () => {
      waiting.push(released.promise);
      return released.promise;
    },
    reached: async (count = 1) => {
      while (waiting.length < count) await setTimeout(5);
    },
    release: () => {
      undo();
      released.resolve();
    },
  };
}

type Wrapper = (
  operation: string,
  input: Record<string, unknown>,
  call: () => Promise<Record<string, unknown>>,
  principalArn: string,
) => Promise<Record<string, unknown>>;

/** Puts itself before a service of the embedded cloud. @returns how to take it away again */
function wrap(service: AwsService, wrapper: Wrapper): () => void {
  const before = service.call.bind(service);
  service.call = (operation, input, caller) =>
    wrapper(operation, input, () => before(operation, input, caller), caller.principalArn);
  return () => (service.call = before);
}
