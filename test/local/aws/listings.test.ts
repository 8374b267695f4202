/** An operator's `aws` commands against `npm start`, on the wire as clients write and read it. */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import { ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionCommand, ListFunctionsCommand, ListLayersCommand } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { ListSecretsCommand, ListSecretVersionIdsCommand } from '@aws-sdk/client-secrets-manager';
import { ListConfigurationSetsCommand, ListEmailIdentitiesCommand } from '@aws-sdk/client-sesv2';
import { DescribeStateMachineForExecutionCommand } from '@aws-sdk/client-sfn';
import { GetTopicAttributesCommand, ListSubscriptionsCommand, ListTopicsCommand } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cbor, SmithyRpcV2CborProtocol } from '@smithy/core/cbor';

import type { Registered } from '../../../local/aws/resources/resources.ts';
import { hourMs, startMs, TestDemo } from '../../helpers/demo.ts';
import { administratorKey, clients, refusal } from '../../helpers/local-aws.ts';

const account = '000000000000';
const topicArn = `arn:aws:sns:us-east-1:${account}:grantkeeper-local-operators`;
const checkGrant = '/aws/lambda/grantkeeper-local-check-grant';

/** A role that may do nothing of what is listed here. */
const stranger: Registered = {
  type: 'aws:iam/role:Role',
  name: 'stranger',
  id: 'stranger',
  inputs: {
    name: 'stranger',
    assumeRolePolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    }),
  },
  state: { arn: `arn:aws:iam::${account}:role/stranger` },
};

let demo: TestDemo;
let strangerKey = '';
beforeAll(async () => {
  demo = await TestDemo.start({ change: (resources) => [...resources, stranger] });
  await demo.connect();
  strangerKey = demo.cloud.iam.credentialsFor(String(stranger.state.arn), 'session').accessKeyId;
});
afterAll(() => demo[Symbol.asyncDispose]());

const sdk = () => clients(demo.cloud.awsUrl);
const config = () => ({
  endpoint: demo.cloud.awsUrl,
  region: 'us-east-1',
  credentials: administratorKey,
  maxAttempts: 1,
});

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly accessKeyId?: string;
}

/** As a client without an SDK here writes it. */
async function send(service: string, { path = '/', method = 'POST', headers, body, accessKeyId }: Sent) {
  const scope = `${accessKeyId ?? 'test'}/20260105/us-east-1/${service}/aws4_request`;
  const response = await fetch(demo.cloud.awsUrl + path, {
    method,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`,
      ...headers,
    },
    ...(body !== undefined && { body: body as string }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

const targets: Record<string, string> = {
  logs: 'Logs_20140328',
  events: 'AWSEvents',
  sqs: 'AmazonSQS',
  kms: 'TrentService',
};

async function json(
  service: string,
  operation: string,
  input: object,
  accessKeyId?: string,
): Promise<Record<string, unknown>> {
  const { status, body } = await send(service, {
    headers: {
      'x-amz-target': `${targets[service]}.${operation}`,
      'content-type': 'application/x-amz-json-1.1',
    },
    body: JSON.stringify(input),
    ...(accessKeyId !== undefined && { accessKeyId }),
  });
  return { status, ...(JSON.parse(body.toString()) as Record<string, unknown>) };
}

const versions: Record<string, string> = {
  iam: '2010-05-08',
  sts: '2011-06-15',
  monitoring: '2010-08-01',
  ses: '2010-12-01',
  ec2: '2016-11-15',
};

async function query(service: string, input: Record<string, string>, accessKeyId?: string) {
  const { status, body } = await send(service, {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ Version: versions[service]!, ...input }).toString(),
    ...(accessKeyId !== undefined && { accessKeyId }),
  });
  return { status, xml: body.toString() };
}

async function rest(service: string, path: string, accessKeyId?: string): Promise<Record<string, unknown>> {
  const sent = { path, method: 'GET', ...(accessKeyId !== undefined && { accessKeyId }) };
  const { status, headers, body } = await send(service, sent);
  const error = headers.get('x-amzn-errortype');
  return {
    status,
    ...(error !== null && { error }),
    ...(JSON.parse(body.toString()) as Record<string, unknown>),
  };
}

describe('STS and IAM', () => {
  test('tell who calls, whatever their permissions', async () => {
    const { UserId, Account, Arn } = await new STSClient(config()).send(new GetCallerIdentityCommand({}));
    expect({ UserId, Account, Arn }).toEqual({
      UserId: account,
      Account: account,
      Arn: `arn:aws:iam::${account}:root`,
    });
    const { xml } = await query('sts', { Action: 'GetCallerIdentity' }, strangerKey);
    expect(xml).toContain(`<Arn>arn:aws:sts::${account}:assumed-role/stranger/session</Arn>`);
  });

  test('tell what a role is, and what it may do', async () => {
    const RoleName = 'grantkeeper-local-refresh-tokens';
    const role = await query('iam', { Action: 'GetRole', RoleName });
    expect(role.status).toBe(200);
    expect(role.xml).toContain(`<Arn>arn:aws:iam::${account}:role/${RoleName}</Arn>`);
    expect(role.xml).toContain('<CreateDate>2026-01-05T12:00:00.000Z</CreateDate>');
    const document = /<AssumeRolePolicyDocument>(.*)<\/AssumeRolePolicyDocument>/.exec(role.xml)?.[1];
    expect(JSON.parse(decodeURIComponent(document!))).toMatchObject({ Version: '2012-10-17' });

    const names = await query('iam', { Action: 'ListRolePolicies', RoleName });
    expect(names.xml).toContain(
      '<PolicyNames><member>refresh-tokens-policy</member></PolicyNames><IsTruncated>false</IsTruncated>',
    );
    const policy = await query('iam', {
      Action: 'GetRolePolicy',
      RoleName,
      PolicyName: 'refresh-tokens-policy',
    });
    const text = /<PolicyDocument>(.*)<\/PolicyDocument>/.exec(policy.xml)?.[1];
    expect(decodeURIComponent(text!)).toContain('"dynamodb:UpdateItem"');
    const attached = await query('iam', { Action: 'ListAttachedRolePolicies', RoleName });
    expect(attached.xml).toContain('<AttachedPolicies></AttachedPolicies>');
  });

  test('go through roles page by page', async () => {
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const { xml } = await query('iam', { Action: 'ListRoles', MaxItems: '4', ...(Marker && { Marker }) });
      const page = [...xml.matchAll(/<RoleName>([^<]+)</g)].map(([, name]) => name!);
      expect(page.length).toBeLessThanOrEqual(4);
      names.push(...page);
      Marker = /<Marker>([^<]+)</.exec(xml)?.[1];
    } while (Marker !== undefined);
    expect(names).toEqual(demo.cloud.iam.roles().map(({ name }) => name));
    expect(names.length).toBeGreaterThan(8);
  });

  test.each([
    [
      { Action: 'GetRole', RoleName: 'nope' },
      404,
      'NoSuchEntity',
      'The role with name nope cannot be found.',
    ],
    [
      { Action: 'GetRolePolicy', RoleName: 'stranger', PolicyName: 'nope' },
      404,
      'NoSuchEntity',
      'The role policy with name nope cannot be found.',
    ],
    [
      { Action: 'ListUsers' },
      501,
      'NotImplementedByEmbeddedCloud',
      'The embedded cloud does not support iam:ListUsers. Supported: GetRole, GetRolePolicy, ListAttachedRolePolicies, ListRolePolicies, ListRoles.',
    ],
  ])('refuse %j in XML', async (input, status, code, message) => {
    const answer = await query('iam', input);
    expect(answer.status).toBe(status);
    expect(answer.xml).toContain(`<Code>${code}</Code><Message>${message}</Message>`);
  });
});

describe('CloudWatch Logs', () => {
  test('has the log groups that the program registered, in pages', async () => {
    const one = await json('logs', 'DescribeLogGroups', { limit: 2 });
    expect(one.logGroups).toMatchObject([
      { logGroupName: '/aws/lambda/grantkeeper-local-callback', retentionInDays: 90, creationTime: startMs },
      { logGroupName: checkGrant, arn: `arn:aws:logs:us-east-1:${account}:log-group:${checkGrant}:*` },
    ]);
    const two = await json('logs', 'DescribeLogGroups', { limit: 2, nextToken: one.nextToken });
    expect(two.logGroups).toMatchObject([
      { logGroupName: '/aws/lambda/grantkeeper-local-disconnect-grant' },
      { logGroupName: '/aws/lambda/grantkeeper-local-notify-owner' },
    ]);
  });

  test('finds what a function has logged by time, stream and pattern', async () => {
    const all = await json('logs', 'FilterLogEvents', { logGroupName: checkGrant });
    const events = all.events as { timestamp: number; message: string; logStreamName: string }[];
    expect(events[0]).toMatchObject({ timestamp: startMs });
    expect(events[0]!.logStreamName).toMatch(/^2026\/01\/05\/\[\$LATEST\][0-9a-f]{32}$/);
    const find = async (more: object) => {
      const found = await json('logs', 'FilterLogEvents', { logGroupName: checkGrant, ...more });
      return (found.events as { message: string }[]).map(({ message }) => message);
    };
    const lines = events.map(({ message }) => message);
    const decisions = lines.filter((line) => line.includes('"outcome":"checked"'));
    expect(decisions.length).toBeGreaterThan(1);
    expect(await find({ filterPattern: '{ $.outcome = "checked" && $.connection_id = "demo-*" }' })).toEqual(
      decisions,
    );
    expect(await find({ filterPattern: '"first-login" checked' })).toEqual([decisions[0]]);
    expect(await find({ filterPattern: 'checked -first-login' })).toEqual(decisions.slice(1));
    expect(await find({ filterPattern: '{ $.outcome = "nothing" }' })).toEqual([]);
    expect(await find({ startTime: startMs + 1 })).toEqual([]);
    expect(await find({ endTime: startMs, interleaved: true })).toEqual(lines);
    expect(await find({ logStreamNames: ['another'] })).toEqual([]);

    const paged = await json('logs', 'FilterLogEvents', { logGroupName: checkGrant, limit: 1 });
    expect(paged.events).toEqual(events.slice(0, 1));
    const next = { logGroupName: checkGrant, limit: 1, nextToken: paged.nextToken };
    expect((await json('logs', 'FilterLogEvents', next)).events).toEqual(events.slice(1, 2));
  });

  test('reads a stream from its head and from its end', async () => {
    const listed = await json('logs', 'DescribeLogStreams', {
      logGroupName: checkGrant,
      orderBy: 'LastEventTime',
      descending: true,
    });
    const [{ logStreamName } = { logStreamName: '' }] = listed.logStreams as { logStreamName: string }[];
    const stream = { logGroupName: checkGrant, logStreamName, limit: 1 };
    const head = await json('logs', 'GetLogEvents', { ...stream, startFromHead: true });
    expect(head).toMatchObject({ nextForwardToken: 'f/1', nextBackwardToken: 'b/0' });
    const again = await json('logs', 'GetLogEvents', { ...stream, nextToken: 'f/1' });
    expect(again.events).not.toEqual(head.events);
    const end = await json('logs', 'GetLogEvents', stream);
    const all = await json('logs', 'GetLogEvents', { ...stream, limit: 100 });
    expect(end.events).toEqual((all.events as unknown[]).slice(-1));
    expect(await json('logs', 'GetLogEvents', { ...stream, nextToken: '7' })).toMatchObject({
      __type: 'InvalidParameterException',
    });
  });

  test('has what executions went through, and the access log', async () => {
    const states = await json('logs', 'FilterLogEvents', {
      logGroupName: '/aws/vendedlogs/states/grantkeeper-local-keep-grant',
      filterPattern: '{ $.type = "ExecutionSucceeded" }',
    });
    const [event] = states.events as { message: string }[];
    expect(JSON.parse(event!.message)).toMatchObject({
      type: 'ExecutionSucceeded',
      execution_arn: expect.stringContaining(':execution:grantkeeper-local-keep-grant:'),
    });
    const access = await json('logs', 'FilterLogEvents', {
      logGroupIdentifier: `arn:aws:logs:us-east-1:${account}:log-group:/aws/vendedlogs/apigateway/grantkeeper-local`,
    });
    const routes = (access.events as { message: string }[]).map(
      ({ message }) => JSON.parse(message) as Record<string, string>,
    );
    expect(routes.at(-1)).toMatchObject({ routeKey: 'GET /callback', status: '200' });
  });

  test.each([
    [
      'FilterLogEvents',
      { logGroupName: 'nope' },
      'ResourceNotFoundException',
      'The specified log group does not exist.',
    ],
    [
      'FilterLogEvents',
      {},
      'InvalidParameterException',
      'Specify either logGroupName or logGroupIdentifier.',
    ],
    [
      'FilterLogEvents',
      { logGroupName: checkGrant, filterPattern: '[a, b]' },
      'NotImplementedByEmbeddedCloud',
      'The embedded cloud does not support the filter pattern [a, b]. Supported: terms, { $.member = "value" }.',
    ],
    [
      'FilterLogEvents',
      { logGroupName: checkGrant, filterPattern: '{ $.level = %INF.% }' },
      'NotImplementedByEmbeddedCloud',
      'The embedded cloud does not support the filter pattern { $.level = %INF.% }. Supported: { $.member = "value" && $.other != 1 || $.third > 2 }.',
    ],
    [
      'FilterLogEvents',
      { logGroupName: checkGrant, filterPattern: '{ $.level = "INFO"' },
      'InvalidParameterException',
      "If a filter pattern starts with '{' it must end with '}'",
    ],
    [
      'FilterLogEvents',
      { logGroupName: checkGrant, filterPattern: '"a:b" level:ERROR' },
      'InvalidParameterException',
      "Invalid character(s) in term ':'",
    ],
    [
      'FilterLogEvents',
      { logGroupName: checkGrant, filterPattern: '"level' },
      'InvalidParameterException',
      "Invalid character(s) in term '\"'",
    ],
    [
      'StartQuery',
      {},
      'NotImplementedByEmbeddedCloud',
      'The embedded cloud does not support logs:StartQuery. Supported: DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents.',
    ],
  ])('refuses %s of %j', async (operation, input, __type, message) => {
    expect(await json('logs', operation, input)).toMatchObject({ __type, message });
  });
});

describe('CloudWatch', () => {
  const name = 'grantkeeper-local-checks-stopped';

  test.each([
    ['JSON', undefined],
    ['CBOR', SmithyRpcV2CborProtocol],
  ])('describes alarms, all of them and by name, in %s', async (_protocol, Protocol) => {
    const client = new CloudWatchClient({
      ...config(),
      ...(Protocol && {
        protocol: new Protocol({ defaultNamespace: 'com.amazonaws.cloudwatch' }) as never,
      }),
    });
    const { MetricAlarms: all = [] } = await client.send(new DescribeAlarmsCommand({}));
    expect(all.map(({ AlarmName }) => AlarmName)).toEqual(
      demo.cloud.cloudWatch.alarms().map((each) => each.name),
    );
    const { MetricAlarms: one } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
    expect(one).toMatchObject([
      {
        AlarmName: name,
        AlarmActions: [topicArn],
        ActionsEnabled: true,
        ComparisonOperator: expect.any(String),
        StateUpdatedTimestamp: expect.any(Date),
      },
    ]);
    const first = await client.send(new DescribeAlarmsCommand({ MaxRecords: 2 }));
    const second = await client.send(
      new DescribeAlarmsCommand({ MaxRecords: 2, NextToken: first.NextToken }),
    );
    expect([...first.MetricAlarms!, ...second.MetricAlarms!]).toEqual(all.slice(0, 4));
    const statistics = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: 'Grantkeeper',
        MetricName: 'ChecksCompleted',
        Dimensions: [{ Name: 'service', Value: 'grantkeeper-local' }],
        StartTime: new Date(startMs - hourMs),
        EndTime: new Date(startMs + hourMs),
        Period: 3600,
        Statistics: ['Sum'],
      }),
    );
    expect(statistics.Datapoints).toEqual([
      { Timestamp: new Date(startMs), Sum: expect.any(Number), Unit: 'Count' },
    ]);
  });

  test('describes alarms in the Query protocol of older clients', async () => {
    const { xml } = await query('monitoring', { Action: 'DescribeAlarms', 'AlarmNames.member.1': name });
    expect(xml.match(/<AlarmName>[^<]+/g)).toEqual([`<AlarmName>${name}`]);
    expect(xml).toContain('<StateUpdatedTimestamp>2026-01-05T12:00:00.000Z</StateUpdatedTimestamp>');
  });

  test('refuses in CBOR what a client wrote in CBOR', async () => {
    const call = (path: string) =>
      send('monitoring', {
        path,
        headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
        body: cbor.serialize({}),
      });
    const refused = await call('/service/GraniteServiceVersion20100801/operation/PutMetricAlarm');
    expect(refused.headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
    expect({ status: refused.status, ...(cbor.deserialize(refused.body) as object) }).toEqual({
      status: 501,
      __type: 'NotImplementedByEmbeddedCloud',
      message:
        'The embedded cloud does not support cloudwatch:PutMetricAlarm. Supported: DescribeAlarms, GetMetricStatistics, ListMetrics.',
    });
    const elsewhere = await send('secretsmanager', {
      headers: { 'smithy-protocol': 'rpc-v2-cbor' },
      body: '',
    });
    expect(cbor.deserialize(elsewhere.body)).toEqual({
      __type: 'NotImplementedByEmbeddedCloud',
      message:
        'The embedded cloud does not support the CBOR protocol of secretsmanager. Supported: secretsmanager.',
    });
  });
});

describe('Lambda', () => {
  test('lists functions in pages, with their configuration', async () => {
    const { lambda } = sdk();
    const first = await lambda.send(new ListFunctionsCommand({ MaxItems: 3 }));
    const second = await lambda.send(new ListFunctionsCommand({ MaxItems: 50, Marker: first.NextMarker }));
    const names = [...first.Functions!, ...second.Functions!].map(({ FunctionName }) => FunctionName);
    expect(first.Functions).toHaveLength(3);
    expect(names).toEqual(
      expect.arrayContaining(['grantkeeper-local-check-grant', 'grantkeeper-local-callback']),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(second.NextMarker).toBeUndefined();

    const FunctionName = 'grantkeeper-local-check-grant';
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    expect(Configuration).toMatchObject({
      FunctionArn: `arn:aws:lambda:us-east-1:${account}:function:${FunctionName}`,
      Runtime: 'nodejs24.x',
      Role: `arn:aws:iam::${account}:role/${FunctionName}`,
      State: 'Active',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: checkGrant },
    });
  });

  test('refuses what it does not have', async () => {
    const { lambda } = sdk();
    expect(await refusal(lambda.send(new GetFunctionCommand({ FunctionName: 'nope' })))).toEqual({
      name: 'ResourceNotFoundException',
      message: `Function not found: arn:aws:lambda:us-east-1:${account}:function:nope`,
    });
    expect(await refusal(lambda.send(new ListLayersCommand({})))).toEqual({
      name: 'NotImplementedByEmbeddedCloud',
      message:
        'The embedded cloud does not support the route GET /2018-10-31/layers of Lambda. Supported: GetAccountSettings, GetFunction, GetFunctionConfiguration, Invoke, ListFunctions.',
    });
  });
});

describe('API Gateway', () => {
  test('tells the API', async () => {
    const { items: apis } = await rest('apigateway', '/v2/apis');
    expect(apis).toMatchObject([
      {
        apiId: 'local',
        apiEndpoint: demo.cloud.apiUrl,
        protocolType: 'HTTP',
        createdDate: '2026-01-05T12:00:00.000Z',
      },
    ]);
  });

  test.each([
    [
      '/restapis',
      501,
      'NotImplementedByEmbeddedCloud',
      'The embedded cloud does not support the route GET /restapis of API Gateway. Supported: GetApis.',
    ],
  ])('refuses %s', async (path, status, error, message) => {
    expect(await rest('apigateway', path)).toEqual({ status, error, message });
  });
});

test('a path that is not URL-encoded is refused', async () => {
  expect(await rest('scheduler', '/schedules/%zz')).toMatchObject({
    status: 400,
    error: 'BadRequestException',
    message: 'The path of the request is not URL-encoded.',
  });
});

test('EventBridge lists rules', async () => {
  const { Rules: rules } = await json('events', 'ListRules', { NamePrefix: 'grantkeeper-local-mail' });
  expect(rules).toMatchObject([
    {
      Name: 'grantkeeper-local-mail-not-delivered',
      State: 'ENABLED',
      EventPattern: expect.stringContaining('"aws.ses"'),
      EventBusName: 'default',
    },
  ]);
  const page = await json('events', 'ListRules', { Limit: 1 });
  expect(page.Rules).toHaveLength(1);
  expect((await json('events', 'ListRules', { NextToken: page.NextToken })).Rules).not.toContainEqual(
    (page.Rules as unknown[])[0],
  );
  expect(await json('events', 'ListRules', { EventBusName: 'nope' })).toMatchObject({
    __type: 'ResourceNotFoundException',
    message: 'Event bus nope does not exist.',
  });
});

test('EventBridge Scheduler lists schedules, and tells one', async () => {
  const scheduler = new SchedulerClient(config());
  const { Schedules } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'grantkeeper-local' }));
  expect(Schedules).toMatchObject([
    { Name: 'grantkeeper-local-demo-main', State: 'ENABLED', CreationDate: new Date(startMs) },
  ]);
  expect((await scheduler.send(new ListSchedulesCommand({ State: 'DISABLED' }))).Schedules).toEqual([]);
  const given = new GetScheduleCommand({ Name: 'grantkeeper-local-demo-main', GroupName: 'default' });
  expect(await scheduler.send(given)).toMatchObject({
    ScheduleExpression: 'rate(25 minutes)',
    Target: {
      Arn: demo.cloud.outputs.stateMachineArn,
      RetryPolicy: { MaximumRetryAttempts: expect.any(Number) },
    },
  });
});

test('SNS and SES list what the program registered', async () => {
  const { sns, ses } = sdk();
  expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn: topicArn }]);
  expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toMatchObject([
    { Protocol: 'email', Endpoint: 'operator@example.com', TopicArn: topicArn },
  ]);
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
  expect(Attributes).toMatchObject({ Owner: account, SubscriptionsConfirmed: '1' });
  expect((await ses.send(new ListEmailIdentitiesCommand({}))).EmailIdentities).toEqual([
    {
      IdentityType: 'EMAIL_ADDRESS',
      IdentityName: 'grantkeeper@example.com',
      SendingEnabled: true,
      VerificationStatus: 'SUCCESS',
    },
  ]);
  expect((await ses.send(new ListConfigurationSetsCommand({}))).ConfigurationSets).toEqual([
    'grantkeeper-local',
  ]);
});

test('DynamoDB lists and scans tables', async () => {
  const { dynamoDb } = sdk();
  const TableName = 'grantkeeper-local';
  expect((await dynamoDb.send(new ListTablesCommand({}))).TableNames).toEqual([TableName]);
  const all = await dynamoDb.send(new ScanCommand({ TableName }));
  const page = await dynamoDb.send(new ScanCommand({ TableName, Limit: 2 }));
  expect(page.Items).toHaveLength(2);
  const { LastEvaluatedKey: ExclusiveStartKey } = page;
  const others = await dynamoDb.send(new ScanCommand({ TableName, ExclusiveStartKey }));
  expect([...page.Items!, ...others.Items!]).toEqual(all.Items);
});

test('Step Functions describes the state machine of an execution', async () => {
  const [{ executionArn } = { executionArn: '' }] = await demo.executions();
  const described = await sdk().states.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
  expect(described.loggingConfiguration).toEqual({
    level: 'ALL',
    includeExecutionData: false,
    destinations: [
      {
        cloudWatchLogsLogGroup: {
          logGroupArn: `arn:aws:logs:us-east-1:${account}:log-group:/aws/vendedlogs/states/grantkeeper-local-keep-grant:*`,
        },
      },
    ],
  });
  expect(described).toMatchObject({
    stateMachineArn: demo.cloud.outputs.stateMachineArn,
    definition: expect.stringContaining('"CheckGrant"'),
  });
});

test('Secrets Manager filters secrets, and lists the versions of one', async () => {
  const { secrets } = sdk();
  const find = async (Key: 'name' | 'all', ...Values: string[]) => {
    const { SecretList = [] } = await secrets.send(new ListSecretsCommand({ Filters: [{ Key, Values }] }));
    return SecretList.map(({ Name = '' }) => Name).toSorted((one, other) => (one < other ? -1 : 1));
  };
  const both = ['grantkeeper/local/demo-main/access', 'grantkeeper/local/demo-main/grant'];
  expect(await find('name', 'grantkeeper/local/demo-main')).toEqual(both);
  expect(await find('name', 'demo-main')).toEqual([]);
  expect(await find('all', 'GRANT')).toEqual(expect.arrayContaining(both));
  expect(await find('name', '!grantkeeper/local')).toEqual([]);
  const SecretId = both[1];
  const labelled = await secrets.send(new ListSecretVersionIdsCommand({ SecretId }));
  expect(labelled).toMatchObject({
    Name: SecretId,
    Versions: [{ VersionStages: expect.arrayContaining(['AWSCURRENT']) }],
  });
});

test('SQS hands out what Scheduler could not deliver', async () => {
  await using broken = await TestDemo.start({
    change: (resources) =>
      resources.filter(
        ({ type, inputs }) =>
          type !== 'aws:iam/rolePolicy:RolePolicy' || inputs.role !== 'grantkeeper-local-scheduler',
      ),
  });
  await broken.advance(2 * hourMs);
  const before = demo;
  demo = broken;
  try {
    const { QueueUrls: urls } = await json('sqs', 'ListQueues', {});
    const [QueueUrl = ''] = urls as string[];
    expect(QueueUrl).toBe(`${broken.cloud.awsUrl}/${account}/grantkeeper-local-dead-letters`);
    const received = await json('sqs', 'ReceiveMessage', { QueueUrl, MessageAttributeNames: ['All'] });
    const [message] = received.Messages as {
      Body: string;
      ReceiptHandle: string;
      MessageAttributes: object;
    }[];
    expect(JSON.parse(message!.Body)).toMatchObject({ connectionId: 'demo-main', trigger: 'schedule' });
    expect(message!.MessageAttributes).toMatchObject({
      ERROR_CODE: { DataType: 'String', StringValue: 'AccessDeniedException' },
    });
    const counts = async () => {
      const { Attributes } = await json('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
      const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: hidden } =
        Attributes as Record<string, string>;
      return [Number(visible), Number(hidden)];
    };
    const all = broken.cloud.scheduler.deadLetters.length;
    expect(await counts()).toEqual([all - 1, 1]);
    await json('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: message!.ReceiptHandle });
    expect(await counts()).toEqual([all - 1, 0]);
    expect(await json('sqs', 'GetQueueUrl', { QueueName: 'nope' })).toMatchObject({
      __type: 'QueueDoesNotExist',
    });
  } finally {
    demo = before;
  }
});

describe('a role without a policy is refused', () => {
  const denied = (action: string, resource: string) =>
    `User: arn:aws:sts::${account}:assumed-role/stranger/session is not authorized to perform: ${action}${resource} because no identity-based policy allows the ${action} action`;

  test.each([
    [
      'logs',
      'DescribeLogGroups',
      {},
      ` on resource: arn:aws:logs:us-east-1:${account}:log-group::log-stream:`,
    ],
    [
      'logs',
      'FilterLogEvents',
      { logGroupName: checkGrant },
      ` on resource: arn:aws:logs:us-east-1:${account}:log-group:${checkGrant}:log-stream:`,
    ],
    ['events', 'ListRules', {}, ` on resource: arn:aws:events:us-east-1:${account}:rule/*`],
    ['sqs', 'ReceiveMessage', { QueueUrl: 'x/q' }, ` on resource: arn:aws:sqs:us-east-1:${account}:q`],
  ])('%s:%s', async (service, operation, input, resource) => {
    expect(await json(service, operation, input, strangerKey)).toMatchObject({
      __type: 'AccessDeniedException',
      message: denied(`${service}:${operation}`, resource),
    });
  });

  test('iam:GetRole and cloudwatch:DescribeAlarms, in the words of the Query protocol', async () => {
    const role = await query('iam', { Action: 'GetRole', RoleName: 'stranger' }, strangerKey);
    expect(role.status).toBe(403);
    expect(role.xml).toContain('<Code>AccessDenied</Code>');
    const alarms = await query('monitoring', { Action: 'DescribeAlarms' }, strangerKey);
    expect(alarms.xml).toContain(`<Message>${denied('cloudwatch:DescribeAlarms', '')}</Message>`);
  });

  test.each([
    ['lambda', '/2015-03-31/functions', denied('lambda:ListFunctions', '')],
    ['apigateway', '/v2/apis', denied('apigateway:GET', ' on resource: arn:aws:apigateway:us-east-1::/apis')],
    [
      'scheduler',
      '/schedules',
      denied('scheduler:ListSchedules', ` on resource: arn:aws:scheduler:us-east-1:${account}:schedule/*/*`),
    ],
    ['ses', '/v2/email/identities', denied('ses:ListEmailIdentities', '')],
  ])('%s %s', async (service, path, message) => {
    expect(await rest(service, path, strangerKey)).toEqual({
      status: 403,
      error: 'AccessDeniedException',
      message,
    });
  });
});

describe('a service that is not supported is refused as its clients read it', () => {
  const supported =
    'Supported: apigatewayv2, cloudwatch, dynamodb, events, iam, lambda, logs, s3api, scheduler, secretsmanager, sesv2, sns, sqs, stepfunctions, sts.';

  test('AWS JSON', async () => {
    expect(await json('kms', 'ListKeys', {})).toEqual({
      status: 501,
      __type: 'NotImplementedByEmbeddedCloud',
      message: `The embedded cloud does not support the service kms. ${supported}`,
    });
  });

  test('the Query protocol of EC2, and the older one of SES', async () => {
    expect((await query('ec2', { Action: 'DescribeVpcs' })).xml).toContain(
      '<Response><Errors><Error><Code>NotImplementedByEmbeddedCloud</Code><Message>The embedded cloud does not support the service ec2.',
    );
    expect((await query('ses', { Action: 'ListIdentities' })).xml).toContain(
      '<Code>NotImplementedByEmbeddedCloud</Code><Message>The embedded cloud does not support the Query protocol of ses. Supported: sesv2.</Message>',
    );
  });
});
