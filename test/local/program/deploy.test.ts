/** The supported resources and properties; any other is refused by name before anything is made. */
import { get } from 'node:http';
import { describe, expect, test } from '@jest/globals';

import { Iam } from '../../../local/aws/iam/iam.ts';
import { SecretsManager } from '../../../local/aws/secrets-manager/secrets-manager.ts';
import { Ses } from '../../../local/aws/ses.ts';
import { Sns } from '../../../local/aws/sns.ts';
import { VirtualClock } from '../../../local/aws/clock.ts';
import { CloudWatch } from '../../../local/aws/cloudwatch/cloudwatch.ts';
import { EventBus } from '../../../local/aws/events/event-bus.ts';
import { HttpApi } from '../../../local/aws/http-api.ts';
import { Inbox } from '../../../local/aws/inbox.ts';
import type { Services } from '../../../local/program/deploy.ts';
import { deploy } from '../../../local/program/deploy.ts';
import { Resources, type Registered } from '../../../local/aws/resources/resources.ts';
import { Scheduler } from '../../../local/aws/scheduler.ts';
import { startMs, TestDemo } from '../../helpers/demo.ts';
import { FakeService } from '../../helpers/local-aws.ts';
import type { Config } from '../../helpers/program.ts';
import { configOf, program } from '../../helpers/program.ts';

type Change = (resources: readonly Registered[]) => readonly Registered[];

const local = (await program('local')).resources;
const prod = (await program('prod')).resources;

/** Accepts every call, for services that these tests ignore. */
const anything = new Proxy({}, { get: () => () => undefined }) as never;

function deployAll(resources: readonly Registered[]): Promise<void> {
  const clock = new VirtualClock(startMs);
  const iam = new Iam();
  const { authorize } = iam;
  const inbox = new Inbox(clock);
  const emit = () => undefined;
  const services: Services = {
    iam,
    secrets: new SecretsManager({ clock, authorize }),
    dynamoDb: anything,
    ses: new Ses({ authorize, inbox, emit }),
    sns: new Sns({ authorize, inbox }),
    s3: anything,
    cloudWatch: new CloudWatch({ authorize, clock, emit, notify: async () => undefined }),
    cloudTrail: anything,
    lambda: anything,
    stepFunctions: anything,
    scheduler: new Scheduler(
      clock,
      authorize,
      { states: new FakeService(), lambda: new FakeService() },
      emit,
    ),
    eventBus: new EventBus(clock, new FakeService()),
    httpApi: new HttpApi({ clock, invoke: async () => ({ payload: null }) }),
  };
  return deploy(resources, services);
}

/** Sets a property of one resource: a path of keys, `undefined` takes it away. */
const set =
  (name: string, path: string, value: unknown): Change =>
  (resources) =>
    resources.map((resource) =>
      resource.name === name
        ? { ...resource, inputs: changed(resource.inputs, path.split('.'), value) }
        : resource,
    );

const without =
  (name: string): Change =>
  (resources) =>
    resources.filter((resource) => resource.name !== name);

function changed(
  at: Readonly<Record<string, unknown>>,
  [key, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (Array.isArray(at)) {
    const items = at.map((item, index) => (String(index) === key ? changed(item, rest, value) : item));
    return items as unknown as Record<string, unknown>;
  }
  const { [key!]: inner, ...others } = at;
  if (rest.length > 0) return { ...others, [key!]: changed(inner as Record<string, unknown>, rest, value) };
  return value === undefined ? others : { ...others, [key!]: value };
}

/** A JSON text among the inputs, with something in it replaced. */
const replaced =
  (name: string, property: string, from: string, to: string): Change =>
  (resources) => {
    const { inputs } = resources.find((resource) => resource.name === name)!;
    const before = String(inputs[property]);
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${property} of ${name} has no ${from}.`);
    return set(name, property, after)(resources);
  };

const withConfig = async (stack: 'local' | 'prod', change: (config: Config) => Config) =>
  (await program(stack, change)).resources;

describe('the stacks, with nothing changed', () => {
  const domain = configOf('prod')['grantkeeper:domain'] as Config;
  const { hostedZoneId: _zone, ...domainOnly } = domain;

  test.each([
    ['local', () => local],
    ['prod', () => prod],
    [
      'prod, whose trail is there already',
      () => withConfig('prod', (config) => ({ ...config, 'grantkeeper:cloudTrail': 'existing' })),
    ],
    [
      'prod, with DNS elsewhere',
      () => withConfig('prod', (config) => ({ ...config, 'grantkeeper:domain': domainOnly })),
    ],
    [
      'prod, without a domain',
      () => withConfig('prod', ({ 'grantkeeper:domain': _domain, ...config }) => config),
    ],
    [
      'local, with a trail',
      () => withConfig('local', (config) => ({ ...config, 'grantkeeper:cloudTrail': 'create' })),
    ],
  ])('%s is supported as a whole', async (_stack, resources) => {
    await expect(deployAll(await resources())).resolves.toBeUndefined();
  });
});

const lambda = 'check-grant-function';
const vpc = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };
const schedule = 'demo-main-schedule';
const machine = 'workflow-machine';
const rule = 'executions-that-failed';
const integration = 'http-api-callback-integration';
const route = 'http-api-callback-get';
const permission = 'http-api-callback-permission';
const stage = 'http-api-stage';

describe('is not supported:', () => {
  // Alarms and dashboards are checked in cloudwatch/.
  const checkedHere = [...local, ...prod].filter(({ type }) => !/:(MetricAlarm|Dashboard)$/.test(type));
  const byType = new Map(checkedHere.map((resource) => [resource.type, resource]));

  test.each([...byType])('a property of %s that it does not know', (type, resource) => {
    const inputs = { ...resource.inputs, misspelt: 1 };
    expect(() => new Resources([{ ...resource, inputs }])).toThrow(
      `The embedded cloud does not support the property misspelt of ${type} (${resource.name}).`,
    );
  });

  test.each<[string, string, unknown]>([
    [lambda, 'runtime', 'python3.12'],
    [lambda, 'handler', 'other.handler'],
    [lambda, 'loggingConfig.logFormat', 'Text'],
    [lambda, 'environment.variables.TZ', 'Europe/Berlin'],
    [schedule, 'flexibleTimeWindow.mode', 'FLEXIBLE'],
    [machine, 'type', 'EXPRESS'],
    ['storage-table', 'billingMode', 'PROVISIONED'],
    ['storage-table', 'attributes.0.type', 'N'],
    [integration, 'payloadFormatVersion', '1.0'],
    [integration, 'integrationType', 'HTTP_PROXY'],
    [stage, 'name', 'prod'],
    [rule, 'state', 'DISABLED'],
    ['email-events', 'eventDestination.enabled', false],
    ['audit-trail-trail', 'eventSelectors.0.readWriteType', 'WriteOnly'],
  ])('%s with %s %j', async (name, path, value) => {
    const resources = name.startsWith('audit') ? prod : local;
    const { type } = resources.find((resource) => resource.name === name)!;
    await expect(deployAll(set(name, path, value)(resources))).rejects.toThrow(
      `The embedded cloud does not support ${path} ${JSON.stringify(value)} of ${type} (${name}).`,
    );
  });

  test.each<[string, Change, string]>([
    [
      'a property inside another',
      set(lambda, 'vpcConfig', { ...vpc, ipv6AllowedForDualStack: true }),
      `the property vpcConfig.ipv6AllowedForDualStack of aws:lambda/function:Function (${lambda})`,
    ],
    [
      'a schedule by cron',
      set(schedule, 'scheduleExpression', 'cron(0 12 * * ? *)'),
      'the schedule expression cron(0 12 * * ? *)',
    ],
    [
      'a rate of nothing',
      set(schedule, 'scheduleExpression', 'rate(0 minutes)'),
      'the schedule expression rate(0 minutes)',
    ],
    [
      'a queue as target',
      set(schedule, 'target.arn', 'arn:aws:sqs:us-east-1:000000000000:q'),
      'the target arn:aws:sqs:us-east-1:000000000000:q of grantkeeper-local-demo-main',
    ],
    ['a route for any method', set(route, 'routeKey', 'ANY /callback'), 'the route key ANY /callback'],
    ['a greedy route', set(route, 'routeKey', 'GET /{proxy+}'), 'the route key GET /{proxy+}'],
    [
      'a misspelt key of a pattern',
      replaced(rule, 'eventPattern', '"source"', '"sourc"'),
      'the event pattern grantkeeper-local-executions-that-failed.sourc',
    ],
  ])('%s', async (_what, change, words) => {
    await expect(deployAll(change(local))).rejects.toThrow(`The embedded cloud does not support ${words}.`);
  });

  test('a type that it does not know', async () => {
    const [first, ...rest] = local;
    await expect(
      deployAll([{ ...first!, type: 'aws:ec2/instance:Instance', name: 'one' }, ...rest]),
    ).rejects.toThrow(
      'The embedded cloud does not support the resource type aws:ec2/instance:Instance (one).',
    );
  });
});

describe('AWS refuses', () => {
  test.each<[string, Change, string]>([
    [
      'a time-out over 15 minutes',
      set(lambda, 'timeout', 1000),
      'timeout is 1000: must be a whole number from 1 to 900',
    ],
    [
      'a reserved variable',
      set(lambda, 'environment.variables.AWS_REGION', 'eu-west-1'),
      'environment.variables.AWS_REGION is "eu-west-1": the name is reserved by Lambda',
    ],
    [
      'a variable with a dash',
      set(lambda, 'environment.variables.A-B', 'x'),
      'environment.variables.A-B is "x": is not a name that Lambda takes',
    ],
    [
      'too long an environment',
      set(lambda, 'environment.variables.LONG', 'x'.repeat(4096)),
      'may have 4096 bytes in all',
    ],
    [
      'too short an age of an event',
      set(schedule, 'target.retryPolicy.maximumEventAgeInSeconds', 10),
      'target.retryPolicy.maximumEventAgeInSeconds is 10: must be a whole number from 60 to 86400',
    ],
    [
      'a log destination without ":*"',
      set(machine, 'loggingConfiguration.logDestination', 'arn:aws:logs:us-east-1:000000000000:log-group:x'),
      'must end in ":*"',
    ],
    [
      'six days of retention',
      set('check-grant-logs', 'retentionInDays', 6),
      'retentionInDays is 6: must be one of the numbers of days that CloudWatch Logs offers',
    ],
    [
      'a table’s attribute outside the key',
      set('storage-table', 'attributes', [{ name: 'pk', type: 'S' }]),
      'must define the attributes of the key, and no others',
    ],
    [
      'a topic’s name with a dot',
      set('operator-alerts-topic', 'name', 'a.fifo'),
      'name is "a.fifo": must match',
    ],
    [
      'a placeholder without a path',
      set(`${rule}-target`, 'inputTransformer.inputTemplate', '"<nobody>"'),
      '<nobody> is not among inputPaths',
    ],
    [
      'another bus',
      set(
        'email-events',
        'eventDestination.eventBridgeDestination.eventBusArn',
        'arn:aws:events:us-east-1:000000000000:event-bus/mine',
      ),
      'must be the default bus',
    ],
  ])('%s', async (_what, change, words) => {
    const refused = deployAll(change(local));
    await expect(refused).rejects.toThrow(/^AWS refuses aws:[\w/]+:\w+ \(/);
    await expect(refused).rejects.toThrow(words);
  });

  test('a schedule without what the program needs of it', async () => {
    await expect(deployAll(set(schedule, 'target.retryPolicy', undefined)(local))).rejects.toThrow(
      `AWS refuses aws:scheduler/schedule:Schedule (${schedule}): target.retryPolicy is missing.`,
    );
  });

  test('a rule with more characters than a pattern may have', async () => {
    const pattern = { source: ['a'.repeat(2036)] };
    await expect(deployAll(set(rule, 'eventPattern', JSON.stringify(pattern))(local))).rejects.toThrow(
      `The event pattern grantkeeper-local-${rule} has 2051 characters, 2048 at most.`,
    );
  });

  test('a rule whose wildcards fit too much at once', async () => {
    const pattern = { source: ['a'], detail: { name: [{ wildcard: '*a*a*a*a*a*a' }] } };
    await expect(deployAll(set(rule, 'eventPattern', JSON.stringify(pattern))(local))).rejects.toThrow(
      `grantkeeper-local-${rule}.detail.name is not valid. Reason: Rule is too complex`,
    );
  });
});

describe('what another resource needs', () => {
  test.each<[string, Change, string]>([
    [
      'the log group of a function',
      without('check-grant-logs'),
      `aws:lambda/function:Function (${lambda}) needs the LogGroup with name /aws/lambda/grantkeeper-local-check-grant: there is none.`,
    ],
    [
      'the log group of the state machine',
      without('workflow-logs'),
      `aws:sfn/stateMachine:StateMachine (${machine}) needs the LogGroup`,
    ],
    [
      'the log group of the API',
      without('http-api-logs'),
      `aws:apigatewayv2/stage:Stage (${stage}) needs the LogGroup`,
    ],
    [
      'the dead-letter queue',
      without('scheduling-dead-letters'),
      `aws:scheduler/schedule:Schedule (${schedule}) needs the Queue`,
    ],
    [
      'the state machine',
      without(machine),
      `aws:scheduler/schedule:Schedule (${schedule}) needs the StateMachine`,
    ],
    [
      'the topic',
      without('operator-alerts-topic'),
      'needs the Topic with arn arn:aws:sns:us-east-1:000000000000:grantkeeper-local-operators',
    ],
    [
      'the integration',
      without(integration),
      `aws:apigatewayv2/route:Route (${route}) needs the Integration`,
    ],
    ['the function', without('callback-function'), 'needs the Function'],
    [
      'a layer',
      set(lambda, 'layers', ['arn:aws:lambda:us-east-1:000000000000:layer:none:1']),
      `aws:lambda/function:Function (${lambda}) needs the LayerVersion`,
    ],
    [
      'a route that has settings',
      without(route),
      `aws:apigatewayv2/stage:Stage (${stage}) needs the Route with routeKey GET /callback`,
    ],
    [
      'the key of the table',
      set('demo-main-settings', 'rangeKey', 'other'),
      'aws:dynamodb/tableItem:TableItem (demo-main-settings) needs the Table with name grantkeeper-local, hashKey pk, rangeKey other',
    ],
  ])('is there: %s', async (_what, change, words) => {
    await expect(deployAll(change(local))).rejects.toThrow(words);
  });

  test.each<[string, Change]>([
    ['without a permission', without(permission)],
    ['for another action', set(permission, 'action', 'lambda:GetFunction')],
    ['for another service', set(permission, 'principal', 's3.amazonaws.com')],
    ['for another API', set(permission, 'sourceArn', 'arn:aws:execute-api:us-east-1:000000000000:other/*/*')],
  ])('is allowed: %s API Gateway may not invoke the callback', async (_what, change) => {
    await expect(deployAll(change(local))).rejects.toThrow(
      'API Gateway may not invoke the function of GET /callback.',
    );
  });

  test('is allowed: the state machine may have its logs delivered', async () => {
    const change = replaced('workflow-policy', 'policy', 'logs:GetLogDelivery', 'logs:GetLogEvents');
    await expect(deployAll(change(local))).rejects.toThrow(
      'is not authorized to perform: logs:GetLogDelivery',
    );
  });

  test('is allowed: a permission for one route alone is not supported', async () => {
    const oneRoute = 'arn:aws:execute-api:us-east-1:000000000000:local/*/GET/callback';
    await expect(deployAll(set(permission, 'sourceArn', oneRoute)(local))).rejects.toThrow(
      `The embedded cloud does not support a permission for ${oneRoute} alone.`,
    );
  });

  test('is allowed: CloudTrail may write to its bucket, or there is no trail', async () => {
    await expect(deployAll(without('audit-trail-policy')(prod))).rejects.toThrow(
      'CloudTrail may not s3:GetBucketAcl on grantkeeper-prod-trail-000000000000.',
    );
    await expect(
      deployAll(
        replaced('audit-trail-policy', 'policy', 'trail/grantkeeper-prod-trail', 'trail/other')(prod),
      ),
    ).rejects.toThrow('CloudTrail may not s3:GetBucketAcl on grantkeeper-prod-trail-000000000000.');
  });

  test('is allowed: a topic’s policy that is not all Allow is not supported', async () => {
    const denying = replaced('operator-alerts-topic-policy', 'policy', '"Allow"', '"Deny"');
    await expect(deployAll(denying(local))).rejects.toThrow(
      'does not support a Deny in the policy of arn:aws:sns:',
    );
  });
});

describe('routes answer 404, as API Gateway does,', () => {
  test.each<[string, Change]>([
    ['without a stage', without(stage)],
    ['with a stage that nothing was deployed to', set(stage, 'autoDeploy', false)],
    [
      'where the API’s own address is disabled and no domain leads to it',
      set('http-api-api', 'disableExecuteApiEndpoint', true),
    ],
  ])('%s', async (_what, change) => {
    await using demo = await TestDemo.start({ change });
    const answer = await fetch(`${demo.cloud.apiUrl}/callback`);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 404,
      body: { message: 'Not Found' },
    });
  });
});

test('an integration’s own time-out is supported', async () => {
  const clock = new VirtualClock(startMs);
  const api = new HttpApi({ clock, invoke: () => new Promise(() => undefined) });
  api.addRoute({ routeKey: 'GET /slow', functionArn: 'arn', timeoutMs: 50 });
  api.deploy();
  const url = await api.listen(0);
  try {
    expect((await fetch(`${url}/slow`)).status).toBe(503);
  } finally {
    await api.close();
  }
});

test('a backslash in a path is no slash', async () => {
  const api = new HttpApi({
    clock: new VirtualClock(startMs),
    invoke: async () => ({ payload: { statusCode: 200 } }),
  });
  api.addRoute({ routeKey: 'GET /link/{secret}', functionArn: 'arn', timeoutMs: 1000 });
  api.deploy();
  const { port } = new URL(await api.listen(0));
  // As nothing but a socket sends it: `fetch` would make a slash of it.
  const statusOf = (path: string) =>
    new Promise((resolve) => get({ port, path }, ({ statusCode }) => resolve(statusCode)));
  try {
    expect(await statusOf('/link/secret')).toBe(200);
    expect(await statusOf('/link\\secret')).toBe(404);
  } finally {
    await api.close();
  }
});
