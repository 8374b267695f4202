import { describe, expect, test } from '@jest/globals';

import { DeploymentSchema } from '../../core/deployment.ts';
import { PanelSettingsSchema } from '../../core/panel.ts';
import { SettingsSchema } from '../../core/settings.ts';
import { contract as callback } from '../../functions/callback/contract.ts';
import { contract as checkGrant } from '../../functions/check-grant/contract.ts';
import { contract as disconnectGrant } from '../../functions/disconnect-grant/contract.ts';
import { contract as notifyOwner } from '../../functions/notify-owner/contract.ts';
import { contract as reauthorize } from '../../functions/reauthorize/contract.ts';
import { contract as refreshTokens } from '../../functions/refresh-tokens/contract.ts';
import { contract as requestReauthorization } from '../../functions/request-reauthorization/contract.ts';
import type { Program } from '../helpers/program.ts';
import { json, ofType, program, resource } from '../helpers/program.ts';

const prod = await program('prod');
const local = await program('local');

const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const keepGrant = arn('states', 'stateMachine:grantkeeper-prod-keep-grant');

describe('both stacks evaluate', () => {
  test('prod says what to register and where things are', () => {
    expect(prod.outputs).toEqual({
      consumerPolicies: {
        'schwab-main': JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['secretsmanager:GetSecretValue'],
              Resource: [
                'arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper/prod/schwab-main/access-??????',
              ],
            },
            {
              Effect: 'Allow',
              Action: ['states:StartExecution'],
              Resource: [
                'arn:aws:states:us-east-1:000000000000:stateMachine:grantkeeper-prod-refresh-schwab-main',
              ],
            },
          ],
        }),
      },
      panelUrl: 'https://grants.example.com/panel',
      callbackUrl: 'https://grants.example.com/callback',
      stateMachineConsoleUrl: `https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/statemachines/view/${keepGrant}`,
      stateMachineArn: keepGrant,
      dashboardConsoleUrl:
        'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/grantkeeper-prod',
      tableName: 'grantkeeper-prod',
      operatorTopicArn: arn('sns', 'grantkeeper-prod-operators'),
      mailDnsRecords: ['token1', 'token2', 'token3'].map((token) => ({
        name: `${token}._domainkey.example.com`,
        type: 'CNAME',
        value: `${token}.dkim.amazonses.com`,
      })),
      clientSecretNames: { schwab: 'grantkeeper/prod/client/schwab' },
      webhookSecretNames: { 'alex-slack': 'grantkeeper/prod/webhook/alex-slack' },
      tokenSecretNames: {
        'schwab-main': {
          grant: 'grantkeeper/prod/schwab-main/grant',
          access: 'grantkeeper/prod/schwab-main/access',
        },
      },
    });
  });

  test('local, without a domain, has the callback URL at the API’s own address', () => {
    expect(local.outputs).toMatchObject({
      callbackUrl: 'https://api.example.net/callback',
      // An address is proved by a mail.
      mailDnsRecords: [],
      clientSecretNames: { demo: 'grantkeeper/local/client/demo' },
    });
  });
});

describe('functions', () => {
  const environmentOf = (name: string) =>
    (resource(prod, `${name}-function`).inputs.environment as { variables: Record<string, string> })
      .variables;
  const store = { POWERTOOLS_SERVICE_NAME: 'grantkeeper-prod', TABLE_NAME: 'grantkeeper-prod' };
  const secrets = { SECRET_PREFIX: 'grantkeeper/prod' };
  const workflow = { STATE_MACHINE_ARN: keepGrant };
  const messages = {
    MAIL_FROM: 'grantkeeper@example.com',
    MAIL_CONFIGURATION_SET: 'grantkeeper-prod',
    OPERATOR_TOPIC_ARN: arn('sns', 'grantkeeper-prod-operators'),
  };

  test.each([
    [checkGrant, store],
    [refreshTokens, { ...store, ...secrets, ...workflow }],
    [notifyOwner, { ...store, ...workflow, ...messages }],
    [requestReauthorization, { ...store, ...workflow, ...messages }],
    [disconnectGrant, { ...store, ...secrets, ...workflow }],
    [reauthorize, { ...store, ...workflow }],
    [callback, { ...store, ...secrets, ...workflow }],
  ])(
    'the environment of $name keeps its contract and holds names only',
    ({ name, environment }, variables) => {
      expect(environmentOf(name)).toEqual(variables);
      expect(environment.safeParse(environmentOf(name)).error).toBeUndefined();
    },
  );

  test.each([
    ['check-grant', 30],
    ['refresh-tokens', 60],
    ['notify-owner', 30],
    ['request-reauthorization', 30],
    ['disconnect-grant', 60],
    ['reauthorize', 28],
    ['callback', 60],
  ])('%s runs on Node 24 and arm64, ends within %d s and logs JSON into its own group', (name, timeout) => {
    expect(resource(prod, `${name}-function`).inputs).toMatchObject({
      name: `grantkeeper-prod-${name}`,
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      timeout,
      role: `arn:aws:iam::000000000000:role/grantkeeper-prod-${name}`,
      loggingConfig: { logFormat: 'JSON', logGroup: `/aws/lambda/grantkeeper-prod-${name}` },
    });
  });
});

describe('logs', () => {
  test('every log group keeps its events for as long as the configuration says', () => {
    const groups = ofType(prod, 'aws:cloudwatch/logGroup:LogGroup').map(({ inputs }) => inputs);
    expect(groups.map(({ name }) => String(name)).sort()).toEqual([
      '/aws/lambda/grantkeeper-prod-callback',
      '/aws/lambda/grantkeeper-prod-check-grant',
      '/aws/lambda/grantkeeper-prod-disconnect-grant',
      '/aws/lambda/grantkeeper-prod-notify-owner',
      '/aws/lambda/grantkeeper-prod-reauthorize',
      '/aws/lambda/grantkeeper-prod-refresh-tokens',
      '/aws/lambda/grantkeeper-prod-request-reauthorization',
      '/aws/lambda/grantkeeper-prod-show-panel',
      '/aws/lambda/grantkeeper-prod-sign-in',
      '/aws/lambda/grantkeeper-prod-take-action',
      '/aws/vendedlogs/apigateway/grantkeeper-prod',
      '/aws/vendedlogs/states/grantkeeper-prod-keep-grant',
      '/aws/vendedlogs/states/grantkeeper-prod-refresh-requests',
    ]);
    expect(groups.map(({ retentionInDays }) => retentionInDays)).toEqual(
      Array.from({ length: 13 }, () => 90),
    );
  });

  test('the state machine logs every event, without the data that holds task tokens', () => {
    expect(resource(prod, 'workflow-machine').inputs).toMatchObject({
      type: 'STANDARD',
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        logDestination: arn('logs', 'log-group:/aws/vendedlogs/states/grantkeeper-prod-keep-grant:*'),
      },
    });
  });

  test('access logs name the route, and neither path nor query nor headers', () => {
    const { accessLogSettings } = resource(prod, 'http-api-stage').inputs as {
      accessLogSettings: { destinationArn: string; format: string };
    };
    expect(accessLogSettings.destinationArn).toBe(
      arn('logs', 'log-group:/aws/vendedlogs/apigateway/grantkeeper-prod'),
    );
    expect(JSON.parse(accessLogSettings.format)).toEqual({
      requestId: '$context.requestId',
      requestTime: '$context.requestTime',
      routeKey: '$context.routeKey',
      status: '$context.status',
      responseLatency: '$context.responseLatency',
      integrationError: '$context.integration.error',
    });
  });
});

test('the state machine’s definition has every placeholder filled in', () => {
  const definition = String(resource(prod, 'workflow-machine').inputs.definition);
  expect(definition).not.toContain('${');
  const { States: states } = JSON.parse(definition) as { States: Record<string, { Arguments?: unknown }> };
  expect(states.RefreshTokens?.Arguments).toMatchObject({
    FunctionName: arn('lambda', 'function:grantkeeper-prod-refresh-tokens'),
  });
  expect(states.AlertOperator?.Arguments).toMatchObject({
    TopicArn: arn('sns', 'grantkeeper-prod-operators'),
    Message: expect.stringContaining(
      'https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/',
    ),
  });
});

test('the table is encrypted, recoverable to any point in time and not deleted by accident', () => {
  expect(resource(prod, 'storage-table').inputs).toEqual({
    name: 'grantkeeper-prod',
    billingMode: 'PAY_PER_REQUEST',
    hashKey: 'pk',
    rangeKey: 'sk',
    attributes: [
      { name: 'pk', type: 'S' },
      { name: 'sk', type: 'S' },
    ],
    ttl: { attributeName: 'ttl', enabled: true },
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true },
    deletionProtectionEnabled: true,
  });
});

describe('connections', () => {
  const items = (from: Program) =>
    ofType(from, 'aws:dynamodb/tableItem:TableItem').filter(
      ({ name }) => name !== 'panel-settings' && name !== 'deployment-settings',
    );

  test('each has one settings item, that the functions can read', () => {
    expect(items(prod)).toHaveLength(1);
    const item = json(items(prod)[0]!, 'item') as Record<string, { S: string }>;
    expect(item).toMatchObject({ pk: { S: 'settings#schwab-main' }, sk: { S: 'settings' } });
    expect(SettingsSchema.parse(JSON.parse(item.settings!.S))).toMatchObject({
      connectionId: 'schwab-main',
      provider: { displayName: 'Charles Schwab', limits: { absoluteSeconds: 604_800 } },
      owner: {
        name: 'Alex',
        email: 'alex@example.com',
        phone: '+12125550123',
        // The secret's own name, as the functions read it.
        slack: 'grantkeeper/prod/webhook/alex-slack',
        timeZone: 'America/New_York',
      },
      clientSecretName: 'grantkeeper/prod/client/schwab',
      redirectUri: 'https://grants.example.com/callback',
      publicUrl: 'https://grants.example.com',
      reminders: [
        { secondsBefore: 172_800, channels: ['email'] },
        { secondsBefore: 86_400, channels: ['email', 'sms'] },
        { secondsBefore: 21_600 },
        { secondsBefore: 3_600 },
      ],
      paused: false,
    });
  });

  test('secrets are made without a value, which would be in Pulumi’s state', () => {
    for (const { inputs } of ofType(prod, 'aws:secretsmanager/secret:Secret')) {
      expect(Object.keys(inputs).sort()).toEqual(['description', 'name']);
    }
    expect(ofType(prod, 'aws:secretsmanager/secretVersion:SecretVersion')).toEqual([]);
  });

  test('each has a schedule that says when it was due, retries until the next tick and keeps what failed', () => {
    expect(resource(prod, 'schwab-main-schedule').inputs).toEqual({
      name: 'grantkeeper-prod-schwab-main',
      description: 'Checks the grant of schwab-main.',
      // 30 minutes of an access token, less twice 150 s.
      scheduleExpression: 'rate(25 minutes)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: keepGrant,
        roleArn: 'arn:aws:iam::000000000000:role/grantkeeper-prod-scheduler',
        input:
          '{"connectionId":"schwab-main","trigger":"schedule","scheduledTime":"<aws.scheduler.scheduled-time>"}',
        retryPolicy: { maximumEventAgeInSeconds: 900, maximumRetryAttempts: 10 },
        deadLetterConfig: { arn: arn('sqs', 'grantkeeper-prod-dead-letters') },
      },
    });
    expect(resource(prod, 'scheduling-dead-letters').inputs).toEqual({
      name: 'grantkeeper-prod-dead-letters',
      messageRetentionSeconds: 1_209_600,
      sqsManagedSseEnabled: true,
    });
  });

  test('two connections of one client share its secret and nothing else', async () => {
    const two = await program('local', (config) => {
      const connections = config['grantkeeper:connections'] as Record<string, unknown>;
      return { ...config, 'grantkeeper:connections': { ...connections, 'demo-2': connections['demo-main'] } };
    });
    expect(two.outputs.clientSecretNames).toEqual({ demo: 'grantkeeper/local/client/demo' });
    expect(two.outputs.tokenSecretNames).toMatchObject({
      'demo-2': { grant: 'grantkeeper/local/demo-2/grant' },
    });
    expect(items(two)).toHaveLength(2);
    expect(ofType(two, 'aws:scheduler/schedule:Schedule')).toHaveLength(2);
  });
});

describe('operators', () => {
  test('hear of executions that ended badly without an alert of their own', () => {
    expect(json(resource(prod, 'executions-that-failed'), 'eventPattern')).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [keepGrant],
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        error: [{ exists: false }, null, { 'anything-but': ['OperatorAlerted'] }],
      },
    });
    expect(resource(prod, 'executions-that-failed-target').inputs).toMatchObject({
      rule: 'grantkeeper-prod-executions-that-failed',
      arn: arn('sns', 'grantkeeper-prod-operators'),
    });
  });

  test('hear by a topic that EventBridge and CloudWatch may publish to: no key of AWS’s own', () => {
    expect(resource(prod, 'operator-alerts-topic').inputs).toEqual({
      name: 'grantkeeper-prod-operators',
      displayName: 'Grantkeeper',
    });
    const publish = {
      Effect: 'Allow',
      Action: 'sns:Publish',
      Resource: arn('sns', 'grantkeeper-prod-operators'),
    };
    expect(json(resource(prod, 'operator-alerts-topic-policy'), 'policy')).toEqual({
      Version: '2012-10-17',
      Statement: [
        // EventBridge sends no context along that a Condition could compare.
        { ...publish, Principal: { Service: 'events.amazonaws.com' } },
        {
          ...publish,
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } },
        },
      ],
    });
  });

  test('hear of mails that bounced, were complained of or rejected; neither opens nor clicks are tracked', () => {
    expect(resource(prod, 'email-events').inputs).toEqual({
      configurationSetName: 'grantkeeper-prod',
      eventDestinationName: 'event-bus',
      eventDestination: {
        enabled: true,
        matchingEventTypes: ['BOUNCE', 'COMPLAINT', 'REJECT'],
        eventBridgeDestination: { eventBusArn: arn('events', 'event-bus/default') },
      },
    });
    expect(json(resource(prod, 'mail-not-delivered'), 'eventPattern')).toEqual({
      source: ['aws.ses'],
      'detail-type': ['Email Bounced', 'Email Complaint Received', 'Email Rejected'],
      detail: { mail: { tags: { 'ses:configuration-set': ['grantkeeper-prod'] } } },
    });
  });

  test('hear of alarms that are over', () => {
    expect(json(resource(prod, 'alarms-ended'), 'eventPattern')).toMatchObject({
      source: ['aws.cloudwatch'],
      detail: {
        alarmName: expect.arrayContaining(['grantkeeper-prod-checks-stopped']),
        state: { value: ['OK'] },
        previousState: { value: ['ALARM'] },
      },
    });
  });

  test('each get a subscription by e-mail', () => {
    const subscriptions = ofType(prod, 'aws:sns/topicSubscription:TopicSubscription').map(
      ({ inputs }) => inputs,
    );
    expect(subscriptions).toEqual([
      { topic: arn('sns', 'grantkeeper-prod-operators'), protocol: 'email', endpoint: 'ops@example.com' },
    ]);
  });
});

describe('reads of secrets', () => {
  test('by others than the functions are told, by a rule that hears reads', () => {
    const rule = resource(prod, 'secrets-read');
    expect(rule.inputs).toMatchObject({ state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' });
    const role = (name: string) => `arn:aws:iam::000000000000:role/grantkeeper-prod-${name}`;
    expect(json(rule, 'eventPattern')).toMatchObject({
      detail: {
        eventName: ['GetSecretValue', 'BatchGetSecretValue'],
        requestParameters: {
          secretId: [
            { wildcard: 'grantkeeper/prod/*/grant*' },
            { wildcard: arn('secretsmanager', 'secret:grantkeeper/prod/*/grant*') },
            { prefix: 'grantkeeper/prod/client/' },
            { prefix: arn('secretsmanager', 'secret:grantkeeper/prod/client/') },
            { prefix: 'grantkeeper/prod/webhook/' },
            { prefix: arn('secretsmanager', 'secret:grantkeeper/prod/webhook/') },
          ],
        },
        userIdentity: {
          sessionContext: {
            sessionIssuer: {
              arn: [
                { exists: false },
                {
                  'anything-but': [
                    role('check-grant'),
                    role('refresh-tokens'),
                    role('notify-owner'),
                    role('request-reauthorization'),
                    role('disconnect-grant'),
                    role('reauthorize'),
                    role('callback'),
                  ],
                },
              ],
            },
          },
        },
      },
    });
  });

  test('are recorded by a trail of the stack’s own, where it is to make one', () => {
    expect(resource(prod, 'audit-trail-trail').inputs).toMatchObject({
      name: 'grantkeeper-prod-trail',
      s3BucketName: 'grantkeeper-prod-trail-000000000000',
      eventSelectors: [{ readWriteType: 'All', includeManagementEvents: true }],
      isMultiRegionTrail: true,
      enableLogFileValidation: true,
    });
    expect(prod.options.get('audit-trail-trail')!.dependencies).toContain('audit-trail-policy');
  });

  test('are nobody’s business where no trail is named, and need no trail of this stack where one exists', async () => {
    expect(local.resources.map(({ name }) => name)).not.toContain('secrets-read');
    const existing = await program('prod', (config) => ({ ...config, 'grantkeeper:cloudTrail': 'existing' }));
    const names = existing.resources.map(({ name }) => name);
    expect(names).toContain('secrets-read');
    expect(names.filter((name) => name.startsWith('audit-trail'))).toEqual([]);
  });
});

test('the panel knows who may sign in, and every connection', async () => {
  const settings = (from: Program) => {
    const item = json(resource(from, 'panel-settings'), 'item') as Record<string, { S: string }>;
    expect(item).toMatchObject({ pk: { S: 'panel' }, sk: { S: 'settings' } });
    return PanelSettingsSchema.parse(JSON.parse(item.settings!.S));
  };
  expect(settings(prod)).toEqual({
    publicUrl: 'https://grants.example.com',
    executionUrl:
      'https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/',
    people: [
      { email: 'ops@example.com', role: 'operator' },
      { email: 'boss@example.com', role: 'viewer' },
    ],
    connectionIds: ['schwab-main'],
  });
  const elsewhere = await program('prod', (config) => ({
    ...config,
    'grantkeeper:executionUrl': 'https://sso.example.com/start/#/console?destination=',
  }));
  expect(settings(elsewhere)).toMatchObject({
    executionUrl: 'https://sso.example.com/start/#/console?destination=',
  });
});

describe('the HTTP API', () => {
  test('has the owner’s page, its button, the callback, and the panel', () => {
    const routes = ofType(prod, 'aws:apigatewayv2/route:Route').map(({ inputs }) => String(inputs.routeKey));
    expect(routes.sort()).toEqual([
      'GET /callback',
      'GET /panel',
      'GET /panel/assets/{file}',
      'GET /panel/connections/{connectionId}',
      'GET /panel/connections/{connectionId}/disconnect',
      'GET /panel/sign-in',
      'GET /panel/sign-in/{secret}',
      'GET /reauthorize/{connectionId}/{authorizationId}/{secret}',
      'POST /panel/connections/{connectionId}/{action}',
      'POST /panel/sign-in',
      'POST /panel/sign-in/{secret}',
      'POST /panel/sign-out',
      'POST /reauthorize/{connectionId}/{authorizationId}/{secret}',
    ]);
  });

  test('says where the domain’s name is to lead to, where its zone is elsewhere', async () => {
    const { outputs } = await program('prod', (config) => {
      const { hostedZoneId: _zone, ...domain } = config['grantkeeper:domain'] as Record<string, unknown>;
      return { ...config, 'grantkeeper:domain': domain };
    });
    expect(outputs['callbackDomainTarget']).toEqual({
      name: 'd-local.execute-api.us-east-1.amazonaws.com',
      hostedZoneId: 'Z1UJRXOUMOOFQ8',
    });
    expect(prod.outputs['callbackDomainTarget']).toBeUndefined();
    expect(local.outputs['callbackDomainTarget']).toBeUndefined();
  });

  test('is reached by its domain only, where it has one', () => {
    expect(resource(prod, 'http-api-api').inputs).toMatchObject({ disableExecuteApiEndpoint: true });
    expect(resource(prod, 'http-api-domain').inputs).toMatchObject({
      domainName: 'grants.example.com',
      domainNameConfiguration: { endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' },
    });
    expect(resource(local, 'http-api-api').inputs).toMatchObject({ disableExecuteApiEndpoint: false });
    expect(ofType(local, 'aws:apigatewayv2/domainName:DomainName')).toEqual([]);
  });

  test('waits longer for a function than the function may take', () => {
    const integrations = ofType(prod, 'aws:apigatewayv2/integration:Integration').map(({ inputs }) => inputs);
    expect(integrations).toHaveLength(5);
    for (const inputs of integrations) {
      expect(inputs).toMatchObject({ payloadFormatVersion: '2.0', timeoutMilliseconds: 30_000 });
    }
  });
});

test('nothing registered looks like a credential', () => {
  // What is registered ends in Pulumi's state. The functions' code is searched by its own tests.
  const registered = JSON.stringify(
    [...prod.resources, ...local.resources].map(({ inputs: { code: _code, ...inputs } }) => inputs),
  );
  expect(registered).not.toMatch(/"(client_secret|access_token|refresh_token|password)\\*"\s*:/i);
  expect(registered).not.toMatch(/AKIA[A-Z0-9]{16}|-----BEGIN|eyJ[\w-]{10,}\./);
});

test('the operator’s command finds what it compares with in the table', () => {
  const item = json(resource(prod, 'deployment-settings'), 'item') as Record<string, { S: string }>;
  expect(item).toMatchObject({ pk: { S: 'deployment' }, sk: { S: 'settings' } });
  const deployment = DeploymentSchema.parse(JSON.parse(item.settings!.S));
  expect(deployment).toEqual({
    stateMachineArn: keepGrant,
    operatorTopicArn: arn('sns', 'grantkeeper-prod-operators'),
    operatorEmails: ['ops@example.com'],
    mailFrom: 'grantkeeper@example.com',
    mailIdentity: 'example.com',
    alarmNames: expect.arrayContaining(['grantkeeper-prod-checks-stopped', 'grantkeeper-prod-dead-letters']),
    scheduleNames: { 'schwab-main': 'grantkeeper-prod-schwab-main' },
  });
  expect(deployment.alarmNames).toHaveLength(11);
});
