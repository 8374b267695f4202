/** What holds of every stack, whatever its configuration; control ids are those of AWS Security Hub. */
import { describe, expect, test } from '@jest/globals';

import type { Config, Program } from '../helpers/program.ts';
import { json, ofType, program } from '../helpers/program.ts';

const withoutDomain = ({ 'grantkeeper:domain': _domain, ...config }: Config): Config => config;

const manyConnections = (config: Config): Config => {
  const [connection] = Object.values(config['grantkeeper:connections'] as Record<string, object>);
  return {
    ...config,
    'grantkeeper:providers': {
      corp: {
        displayName: 'Corp',
        authorizationEndpoint: 'https://corp.example.com/authorize',
        tokenEndpoint: 'https://corp.example.com/token',
        accessTokenLifetimeSeconds: 3600,
        limits: { slidingSeconds: 864_000 },
      },
    },
    'grantkeeper:connections': {
      'schwab-main': connection,
      'schwab-second': connection,
      'corp-main': { ...connection, provider: 'corp', client: 'corp', reminders: undefined },
    },
  };
};

const stacks: [string, Program][] = [
  ['prod', await program('prod')],
  ['prod without a domain', await program('prod', withoutDomain)],
  ['prod with connections of two providers', await program('prod', manyConnections)],
  ['local', await program('local')],
];

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Principal?: unknown;
}

const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as T[]) : [value as T];

/** Every statement of identity policies, with the role's logical name. */
const identityStatements = (stack: Program) =>
  ofType(stack, 'aws:iam/rolePolicy:RolePolicy').flatMap((policy) =>
    (json(policy, 'policy') as { Statement: Statement[] }).Statement.map((statement) => ({
      role: policy.name.replace(/-policy$/, ''),
      actions: list(statement.Action),
      resources: list(statement.Resource ?? []),
      butFor: list(statement.NotResource ?? []),
      effect: statement.Effect,
    })),
  );

/** Statements over any resource: whose, and why (docs/decisions/0008). */
const overAnyResource: Readonly<Record<string, string>> = {
  'states:SendTaskSuccess': 'has no resource type; the task token is what holds it back',
  'logs:CreateLogDelivery': 'log delivery knows no resources',
  'logs:GetLogDelivery': 'log delivery knows no resources',
  'logs:UpdateLogDelivery': 'log delivery knows no resources',
  'logs:DeleteLogDelivery': 'log delivery knows no resources',
  'logs:ListLogDeliveries': 'log delivery knows no resources',
  'logs:PutResourcePolicy': 'log delivery knows no resources',
  'logs:DescribeResourcePolicies': 'log delivery knows no resources',
  'logs:DescribeLogGroups': 'log delivery knows no resources',
  'sns:GetSMSSandboxAccountStatus': 'is the account’s, and only read',
  'sns:ListOriginationNumbers': 'is the account’s, and only read',
  'sns:ListSMSSandboxPhoneNumbers': 'is the account’s, and only read',
  'sms-voice:DescribeAccountAttributes': 'is asked by SNS alone, of the account',
  'sms-voice:DescribePhoneNumbers': 'is asked by SNS alone, of the account',
  'sms-voice:DescribeVerifiedDestinationNumbers': 'is asked by SNS alone, of the account',
  'sms-voice:SendTextMessage': 'is asked by SNS alone, which chooses the number to send from',
};

/** What a name of a credential looks like, and what a credential itself does. */
const secretName = /secret(?!_prefix)|token(?!_endpoint_timeout)|password|key|credential|webhook/i;
const isNameOrArn = /^(arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:[\w:/.-]+|[a-z][a-z0-9/-]*|[\w.+-]+@[\w.-]+)$/;

describe.each(stacks)('%s', (_name, stack) => {
  test('IAM.1, IAM.21: no action is a pattern, and no statement is over everything', () => {
    const statements = identityStatements(stack);
    expect(statements.length).toBeGreaterThan(20);
    expect(statements.filter(({ effect }) => effect !== 'Allow')).toEqual([]);
    expect(statements.flatMap(({ actions }) => actions).filter((action) => /[*?]/.test(action))).toEqual([]);
  });

  test('only actions named with their reason are over any resource', () => {
    const open = identityStatements(stack).filter(({ resources }) =>
      resources.some((resource) => /^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*)$/.test(resource)),
    );
    const actions = open.flatMap((statement) => statement.actions);
    expect([...new Set(actions)].filter((action) => overAnyResource[action] === undefined)).toEqual([]);
  });

  test('over all but some resources there is the text message alone, and it is not over a topic', () => {
    const open = identityStatements(stack).filter(({ butFor }) => butFor.length > 0);
    for (const { role, actions, resources, butFor } of open) {
      expect(['notify-owner', 'request-reauthorization']).toContain(role);
      expect({ actions, resources, butFor }).toEqual({
        actions: ['sns:Publish'],
        resources: [],
        butFor: ['arn:aws:sns:*:*:*'],
      });
    }
  });

  test('other patterns stand for the six characters of a secret, names of connections, and log streams', () => {
    const allowed =
      /:(secret:grantkeeper\/\w+\/(client\/\*|webhook\/\*|\*\/grant|\*\/access)-\?{6}|log-group:\/aws\/lambda\/grantkeeper-[\w-]+:\*)$/;
    const patterns = identityStatements(stack)
      .flatMap(({ resources }) => resources)
      .filter((resource) => resource !== '*' && /[*?]/.test(resource));
    expect(patterns.length).toBeGreaterThan(10);
    expect(patterns.filter((pattern) => !allowed.test(pattern))).toEqual([]);
  });

  test('no managed policy is attached, and no user or group is made', () => {
    const types = new Set(stack.resources.map(({ type }) => type));
    expect([...types].filter((type) => type.startsWith('aws:iam/')).toSorted()).toEqual([
      'aws:iam/role:Role',
      'aws:iam/rolePolicy:RolePolicy',
    ]);
  });

  test('every type of resource is one that these tests know', () => {
    const types = stack.resources.map(({ type }) => type).filter((type) => type.startsWith('aws:'));
    const known = new Set([
      'aws:apigatewayv2/api:Api',
      'aws:apigatewayv2/apiMapping:ApiMapping',
      'aws:apigatewayv2/domainName:DomainName',
      'aws:apigatewayv2/integration:Integration',
      'aws:apigatewayv2/route:Route',
      'aws:apigatewayv2/stage:Stage',
      'aws:cloudtrail/trail:Trail',
      'aws:cloudwatch/dashboard:Dashboard',
      'aws:cloudwatch/eventRule:EventRule',
      'aws:cloudwatch/eventTarget:EventTarget',
      'aws:cloudwatch/logGroup:LogGroup',
      'aws:cloudwatch/metricAlarm:MetricAlarm',
      'aws:dynamodb/table:Table',
      'aws:dynamodb/tableItem:TableItem',
      'aws:iam/role:Role',
      'aws:iam/rolePolicy:RolePolicy',
      'aws:lambda/function:Function',
      'aws:lambda/permission:Permission',
      'aws:route53/record:Record',
      'aws:s3/bucket:Bucket',
      'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
      'aws:s3/bucketPolicy:BucketPolicy',
      'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
      'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
      'aws:s3/bucketVersioning:BucketVersioning',
      'aws:scheduler/schedule:Schedule',
      'aws:secretsmanager/secret:Secret',
      'aws:sesv2/configurationSet:ConfigurationSet',
      'aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination',
      'aws:sesv2/emailIdentity:EmailIdentity',
      'aws:sfn/stateMachine:StateMachine',
      'aws:sns/topic:Topic',
      'aws:sns/topicPolicy:TopicPolicy',
      'aws:sns/topicSubscription:TopicSubscription',
      'aws:sqs/queue:Queue',
    ]);
    expect([...new Set(types)].filter((type) => !known.has(type))).toEqual([]);
  });

  test('Lambda.1: functions are invoked by this API and the workflow, by nobody else', () => {
    const permissions = ofType(stack, 'aws:lambda/permission:Permission').map(({ inputs }) => inputs);
    expect(permissions).toHaveLength(5);
    for (const permission of permissions) {
      expect(permission).toMatchObject({
        action: 'lambda:InvokeFunction',
        principal: 'apigateway.amazonaws.com',
        sourceArn: expect.stringMatching(/^arn:aws:execute-api:us-east-1:000000000000:[\w-]+\/\*\/\*$/),
      });
    }
  });

  test('Lambda.2: functions run on a runtime that AWS supports, and outside a VPC (docs/decisions/0014)', () => {
    const functions = ofType(stack, 'aws:lambda/function:Function').map(({ inputs }) => inputs);
    expect(functions).toHaveLength(10);
    for (const inputs of functions) {
      expect(inputs).toMatchObject({ runtime: 'nodejs24.x', architectures: ['arm64'] });
      expect(inputs).not.toHaveProperty('vpcConfig');
    }
  });

  test('no function reserves concurrency: a new account has ten in all', () => {
    for (const { inputs } of ofType(stack, 'aws:lambda/function:Function')) {
      expect(inputs).not.toHaveProperty('reservedConcurrentExecutions');
    }
  });

  test('no environment variable looks like a credential', () => {
    for (const { inputs } of ofType(stack, 'aws:lambda/function:Function')) {
      const { variables } = inputs.environment as { variables: Record<string, string> };
      expect(Object.keys(variables).filter((name) => secretName.test(name))).toEqual([]);
      expect(Object.values(variables).filter((value) => !isNameOrArn.test(value))).toEqual([]);
    }
  });

  test('no input of any resource has a value for a secret', () => {
    expect(ofType(stack, 'aws:secretsmanager/secretVersion:SecretVersion')).toEqual([]);
    const texts = stack.resources.map(({ inputs }) => JSON.stringify(inputs) ?? '');
    expect(
      texts.filter((text) => /client_secret"?\s*:|refresh_token"?\s*:|access_token"?\s*:/.test(text)),
    ).toEqual([]);
  });

  test('DynamoDB.1, DynamoDB.2, DynamoDB.6: on demand, recoverable, protected, encrypted', () => {
    for (const { inputs, name } of ofType(stack, 'aws:dynamodb/table:Table')) {
      expect(inputs).toMatchObject({
        billingMode: 'PAY_PER_REQUEST',
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true },
        deletionProtectionEnabled: true,
      });
      expect(stack.options.get(name)).toMatchObject({ protect: true });
    }
  });

  test('secrets outlive the program; what registers a callback URL is protected', () => {
    for (const { name } of ofType(stack, 'aws:secretsmanager/secret:Secret')) {
      expect(stack.options.get(name)).toMatchObject({ retainOnDelete: true });
    }
    const domains = ofType(stack, 'aws:apigatewayv2/domainName:DomainName');
    const registered = domains.length > 0 ? domains : ofType(stack, 'aws:apigatewayv2/api:Api');
    for (const { name } of registered) expect(stack.options.get(name)).toMatchObject({ protect: true });
  });

  test('SQS.1, SQS.3: the dead letters are encrypted, and nobody is let in by a policy', () => {
    for (const { inputs } of ofType(stack, 'aws:sqs/queue:Queue')) {
      expect(inputs).toMatchObject({ sqsManagedSseEnabled: true });
      expect(inputs).not.toHaveProperty('policy');
    }
    for (const { inputs } of ofType(stack, 'aws:scheduler/schedule:Schedule')) {
      expect(inputs).toMatchObject({
        target: { deadLetterConfig: { arn: expect.stringContaining(':sqs:') } },
      });
    }
  });

  test('SNS.4: two services of AWS may publish to the topic, and nobody else is named', () => {
    const statements = ofType(stack, 'aws:sns/topicPolicy:TopicPolicy').flatMap(
      (policy) => (json(policy, 'policy') as { Statement: Statement[] }).Statement,
    );
    expect(statements.map(({ Principal, Action }) => ({ Principal, Action }))).toEqual([
      { Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish' },
      { Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish' },
    ]);
  });

  test('CloudWatch.15, CloudWatch.17: every alarm tells the operators, and none has its actions off', () => {
    const alarms = ofType(stack, 'aws:cloudwatch/metricAlarm:MetricAlarm').map(({ inputs }) => inputs);
    expect(alarms.length).toBeGreaterThan(8);
    for (const { alarmActions, actionsEnabled } of alarms) {
      expect(alarmActions).toEqual([expect.stringMatching(/:grantkeeper-\w+-operators$/)]);
      expect(actionsEnabled).toBeUndefined();
    }
  });

  // CloudTrail.2 and .5 are left out: docs/decisions/0015-alarms-channels-and-who-reads-secrets.md has why.
  test('CloudTrail.1, CloudTrail.4: a trail is of all regions, and its files can be checked', () => {
    for (const { inputs } of ofType(stack, 'aws:cloudtrail/trail:Trail')) {
      expect(inputs).toMatchObject({ isMultiRegionTrail: true, enableLogFileValidation: true });
    }
  });

  test('S3.1, S3.5, S3.8, S3.13, S3.14, S3.17: a bucket is private, encrypted, by TLS only, and forgets in time', () => {
    const buckets = ofType(stack, 'aws:s3/bucket:Bucket').map(({ inputs }) => inputs.bucket);
    const of = (type: string) => ofType(stack, type).map(({ inputs }) => inputs);
    expect(of('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock')).toEqual(
      buckets.map((bucket) => ({
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      })),
    );
    expect(
      of('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration'),
    ).toEqual(
      buckets.map((bucket) => ({
        bucket,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
      })),
    );
    expect(of('aws:s3/bucketVersioning:BucketVersioning').map(({ bucket }) => bucket)).toEqual(buckets);
    for (const inputs of of('aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration')) {
      expect(inputs).toMatchObject({ rules: [{ status: 'Enabled', expiration: { days: 400 } }] });
    }
    for (const policy of ofType(stack, 'aws:s3/bucketPolicy:BucketPolicy')) {
      const { Statement: statements } = json(policy, 'policy') as { Statement: object[] };
      expect(statements).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    }
  });

  test('SES.3: mail leaves by TLS or not at all', () => {
    for (const { inputs } of ofType(stack, 'aws:sesv2/configurationSet:ConfigurationSet')) {
      expect(inputs).toMatchObject({ deliveryOptions: { tlsPolicy: 'REQUIRE' } });
    }
  });

  test('StepFunctions.1: every event is logged, without the data that holds task tokens', () => {
    for (const { inputs } of ofType(stack, 'aws:sfn/stateMachine:StateMachine')) {
      expect(inputs).toMatchObject({
        loggingConfiguration: { level: 'ALL', includeExecutionData: false },
      });
    }
  });

  test('every log group keeps its events for a time, and every function has one of its own', () => {
    const groups = ofType(stack, 'aws:cloudwatch/logGroup:LogGroup').map(({ inputs }) => inputs);
    expect(groups.filter(({ retentionInDays }) => !(Number(retentionInDays) >= 7))).toEqual([]);
    const names = groups.map(({ name }) => name);
    const loggedTo = ofType(stack, 'aws:lambda/function:Function').map(
      ({ inputs }) => (inputs.loggingConfig as { logGroup: string }).logGroup,
    );
    expect(new Set(loggedTo).size).toBe(loggedTo.length);
    expect(loggedTo.filter((group) => !names.includes(group))).toEqual([]);
  });

  test('APIGateway.9: access is logged, by an allow-list without path, query, header or address', () => {
    for (const { inputs } of ofType(stack, 'aws:apigatewayv2/stage:Stage')) {
      const { format } = inputs.accessLogSettings as { format: string };
      expect([...format.matchAll(/\$context\.([\w.]+)/g)].map(([, name]) => name)).toEqual([
        'requestId',
        'requestTime',
        'routeKey',
        'status',
        'responseLatency',
        'integration.error',
      ]);
      expect(format.replaceAll(/\$context\.[\w.]+/g, '')).not.toContain('$');
    }
  });

  test('APIGateway.10: no integration is private, and all names are reached by TLS 1.2 or newer', () => {
    for (const { inputs } of ofType(stack, 'aws:apigatewayv2/integration:Integration')) {
      expect(inputs).toMatchObject({ integrationType: 'AWS_PROXY' });
      expect(inputs).not.toHaveProperty('connectionId');
    }
    for (const { inputs } of ofType(stack, 'aws:apigatewayv2/domainName:DomainName')) {
      expect(inputs).toMatchObject({ domainNameConfiguration: { securityPolicy: 'TLS_1_2' } });
    }
    const urls = [...JSON.stringify(stack.outputs).matchAll(/"(\w+):\/\//g)].map(([, scheme]) => scheme);
    expect(new Set(urls)).toEqual(new Set(['https']));
  });

  test('each route is throttled by a bucket of its own, and the callback’s is the largest', () => {
    const [stage] = ofType(stack, 'aws:apigatewayv2/stage:Stage');
    const routes = ofType(stack, 'aws:apigatewayv2/route:Route');
    const link = '/reauthorize/{connectionId}/{authorizationId}/{secret}';
    const connection = '/panel/connections/{connectionId}';
    expect(stage!.inputs.routeSettings).toEqual([
      { routeKey: `GET ${link}`, throttlingRateLimit: 10, throttlingBurstLimit: 3 },
      { routeKey: `POST ${link}`, throttlingRateLimit: 10, throttlingBurstLimit: 3 },
      { routeKey: 'GET /callback', throttlingRateLimit: 50, throttlingBurstLimit: 10 },
      ...['GET /panel', `GET ${connection}`, `GET ${connection}/disconnect`, 'GET /panel/assets/{file}'].map(
        (routeKey) => ({ routeKey, throttlingRateLimit: 20, throttlingBurstLimit: 6 }),
      ),
      ...[
        `POST ${connection}/{action}`,
        'GET /panel/sign-in',
        'POST /panel/sign-in',
        'GET /panel/sign-in/{secret}',
        'POST /panel/sign-in/{secret}',
        'POST /panel/sign-out',
      ].map((routeKey) => ({ routeKey, throttlingRateLimit: 5, throttlingBurstLimit: 3 })),
    ]);
    expect(routes.map(({ inputs }) => inputs.routeKey)).toHaveLength(13);
    expect(stack.options.get(stage!.name)!.dependencies).toEqual(
      expect.arrayContaining(routes.map(({ name }) => name)),
    );
  });

  test('an inline policy is shorter than AWS allows a role: 10,240 characters', () => {
    for (const { inputs } of ofType(stack, 'aws:iam/rolePolicy:RolePolicy')) {
      expect(String(inputs.policy).replaceAll(/\s/g, '').length).toBeLessThan(10_240);
    }
  });
});
