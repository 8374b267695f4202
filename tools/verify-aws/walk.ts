/**
 * Walks through the AWS that the environment names: a first login, a refresh and some mistakes. Prints the answers as JSON
 * without names and times. AWS and the embedded cloud must print the same.
 */
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { setTimeout as sleep } from 'node:timers/promises';

import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { systemRandom } from '../../adapters/system.ts';
import { connectionOf, openStack } from '../../cli/stack.ts';
import { directLogin } from '../../app/login/direct-login.ts';

/** A call and its answer. */
export interface Observed {
  readonly what: string;
  readonly answer: unknown;
}

const connectionId = 'verify-main';
const lookMs = 500;
const longestMs = 90_000;

const observed: Observed[] = [];
const observe = (what: string, answer: unknown) => {
  observed.push({ what, answer });
  console.error(`  ${what}`);
};

const [stackName = ''] = process.argv.slice(2);
const stack = await openStack({ stack: stackName });
const { stateMachineArn } = await stack.deployment();
const { settings } = await connectionOf(stack, connectionId);
const states = new SFNClient({});
const secrets = new SecretsManagerClient({});
const secretName = (kind: string) => `grantkeeper/${stackName}/${connectionId}/${kind}`;

await setUp();
await firstLogin();
await refresh();
await mistakes();
console.log(JSON.stringify(observed, undefined, 2));

async function setUp(): Promise<void> {
  const executionArn = await start('set-up', {});
  observe('a check before the client’s credentials are there', await ended(executionArn));
  const put = new PutSecretValueCommand({
    SecretId: settings.clientSecretName,
    SecretString: JSON.stringify({ client_id: 'verify', client_secret: systemRandom.secret() }),
  });
  observe('the first version of a secret', { stages: (await secrets.send(put)).VersionStages });
}

async function firstLogin(): Promise<void> {
  const executionArn = await start('login', { force: 'reauthorize' });
  await until(async () => (await historyOf(executionArn)).includes('TaskSubmitted RequestReauthorization'));
  observe('a check that asks for the first login, and waits', await historyOf(executionArn));

  const { settings: now, grant } = await connectionOf(stack, connectionId);
  const ports = {
    grants: dynamoGrants(stack.table),
    authorizations: dynamoAuthorizations(stack.table),
    clock: { nowMs: () => Date.now() },
    random: systemRandom,
  };
  const link = await directLogin({ settings: now, grant }, ports);
  if ('why' in link) throw new Error(`There is no link: ${link.why}.`);
  const url = `${now.publicUrl}${link.path}`;
  const page = await fetch(url);
  observe('the page behind the link', await seen(page));
  const started = await fetch(url, { method: 'POST', redirect: 'manual' });
  const [cookie = ''] = started.headers.getSetCookie();
  observe('its button', { ...(await seen(started)), cookie: cookie.replace(/=[^;]+/, '=…') });
  const provider = await fetch(started.headers.get('location')!, { redirect: 'manual' });
  const callback = provider.headers.get('location')!;
  observe('a callback from another browser', await seen(await fetch(callback)));
  const back = await fetch(callback, { headers: { cookie: cookie.split(';')[0]! } });
  observe('the callback', await seen(back));
  observe('the execution that waited', await ended(executionArn));
  observe('the secrets after it', await labels());
}

async function refresh(): Promise<void> {
  const executionArn = await start('refresh', { force: 'refresh' });
  observe('a refresh', await ended(executionArn));
  observe('the secrets after it', await labels());
}

/** Calls that AWS must refuse, with the error names on which the functions depend. */
async function mistakes(): Promise<void> {
  const named = `${connectionId}-verify-refresh`;
  const again = new StartExecutionCommand({ stateMachineArn, name: named, input: '{"other": true}' });
  observe('an execution of a name that is taken', await refusal(states.send(again)));
  const malformed = new StartExecutionCommand({ stateMachineArn, input: '{' });
  observe('an input that is no JSON', await refusal(states.send(malformed)));
  const pending = new GetSecretValueCommand({ SecretId: secretName('grant'), VersionStage: 'NOWHERE' });
  observe('a staging label that is nowhere', await refusal(secrets.send(pending)));
  const missing = new GetSecretValueCommand({ SecretId: secretName('nothing') });
  observe('a secret that is not there', await refusal(secrets.send(missing)));
  const { VersionIdsToStages: versions = {} } = await secrets.send(
    new DescribeSecretCommand({ SecretId: secretName('access') }),
  );
  const old = Object.entries(versions).find(([, stages]) => !stages.includes('AWSCURRENT'))?.[0];
  const move = new UpdateSecretVersionStageCommand({
    SecretId: secretName('access'),
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: old,
    MoveToVersionId: old,
  });
  observe('AWSCURRENT moved from where it is not', await refusal(secrets.send(move)));
  const conditional = new UpdateItemCommand({
    TableName: `grantkeeper-${stackName}`,
    Key: { pk: { S: `connection#${connectionId}` }, sk: { S: 'grant' } },
    UpdateExpression: 'SET #paused = :true',
    ConditionExpression: 'attribute_not_exists(#pk)',
    ExpressionAttributeNames: { '#paused': 'paused', '#pk': 'pk' },
    ExpressionAttributeValues: { ':true': { BOOL: true } },
  });
  observe('a write whose condition is not met', await refusal(new DynamoDBClient({}).send(conditional)));
}

async function start(name: string, asked: Readonly<Record<string, string>>): Promise<string> {
  const input = JSON.stringify({ connectionId, trigger: 'operator', by: 'verify:aws', ...asked });
  const command = new StartExecutionCommand({
    stateMachineArn,
    name: `${connectionId}-verify-${name}`,
    input,
  });
  return (await states.send(command)).executionArn!;
}

/** The status and history of an execution. */
async function ended(executionArn: string): Promise<unknown> {
  let status = 'RUNNING';
  await until(async () => {
    ({ status = 'RUNNING' } = await states.send(new DescribeExecutionCommand({ executionArn })));
    return status !== 'RUNNING';
  });
  // The history comes a little later: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
  let history: string[] = [];
  await until(async () => {
    history = await historyOf(executionArn);
    return /^Execution(?!Started)/.test(history.at(-1) ?? '');
  });
  return { status, history };
}

/** The types of events in order, each with its state. */
async function historyOf(executionArn: string): Promise<string[]> {
  const lines: string[] = [];
  let state = '';
  for await (const { events = [] } of paginateGetExecutionHistory({ client: states }, { executionArn })) {
    for (const { type = '', stateEnteredEventDetails: entered } of events) {
      state = entered?.name ?? state;
      lines.push(state === '' || type.startsWith('Execution') ? type : `${type} ${state}`);
    }
  }
  return lines;
}

/** The staging labels of the token secrets, without their versions. */
async function labels(): Promise<unknown> {
  const of = async (kind: string) => {
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: secretName(kind) }));
    return Object.values(described.VersionIdsToStages ?? {})
      .map((stages) => stages.toSorted().join(' '))
      .toSorted();
  };
  return { grant: await of('grant'), access: await of('access') };
}

/** The status, title and our own headers. */
async function seen(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  const header = (name: string) => response.headers.get(name) ?? undefined;
  return {
    status: response.status,
    title: /<title>([^<]*)<\/title>/.exec(text)?.[1],
    type: header('content-type'),
    caching: header('cache-control'),
    policy: header('content-security-policy'),
    referrer: header('referrer-policy'),
    location: header('location')
      ?.replace(/[?].*$/, '?…')
      .replace(/^https?:\/\/[^/]+/, '…'),
  };
}

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no refusal',
    (error: unknown) => (error as Error).name,
  );
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endsMs = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > endsMs)
      throw new Error(`It did not come to that within ${longestMs / 1000} seconds.`);
    await sleep(lookMs);
  }
}
