import { describe, expect, test } from '@jest/globals';

import { json, ofType, program, resource } from '../helpers/program.ts';

const prod = await program('prod');

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const statementsOf = (name: string) =>
  (json(resource(prod, `${name}-policy`), 'policy') as { Statement: Statement[] }).Statement;

const policies = ofType(prod, 'aws:iam/rolePolicy:RolePolicy').map(({ name }) =>
  name.replace(/-policy$/, ''),
);

const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const secret = (pattern: string) => arn('secretsmanager', `secret:grantkeeper/prod/${pattern}-??????`);

const logsOf = (name: string) => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: [arn('logs', `log-group:/aws/lambda/grantkeeper-prod-${name}:*`)],
});
const items = (leadingKeys: string[], ...operations: string[]) => ({
  Effect: 'Allow',
  Action: operations.map((operation) => `dynamodb:${operation}`),
  Resource: [arn('dynamodb', 'table/grantkeeper-prod')],
  Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } },
});
const readConnections = items(['connection#*', 'settings#*'], 'GetItem');
const readManyConnections = items(['connection#*', 'settings#*'], 'BatchGetItem');
const queryConnections = items(['connection#*'], 'Query');
const writeConnections = items(['connection#*'], 'UpdateItem', 'PutItem');
const useConnections = [readConnections, writeConnections];
const readVisitors = items(['panel', 'session#*', 'person#*'], 'GetItem');
const noteVisits = items(['session#*'], 'UpdateItem');
const readPeople = items(['panel'], 'GetItem');
const keepSessions = items(['session#*', 'person#*', 'sign-in#*'], 'GetItem', 'UpdateItem');
const readClients = {
  Effect: 'Allow',
  Action: ['secretsmanager:GetSecretValue'],
  Resource: [secret('client/*')],
};
const keepTokens = {
  Effect: 'Allow',
  Action: [
    'secretsmanager:GetSecretValue',
    'secretsmanager:PutSecretValue',
    'secretsmanager:UpdateSecretVersionStage',
  ],
  Resource: [secret('*/grant'), secret('*/access')],
};
const emptySecrets = {
  ...keepTokens,
  Action: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
};
const sendMail = {
  Effect: 'Allow',
  Action: ['ses:SendEmail'],
  Resource: [
    arn('ses', 'identity/example.com'),
    // If the account has it, SES checks the address's own in place of its domain's.
    arn('ses', 'identity/grantkeeper@example.com'),
    arn('ses', 'configuration-set/grantkeeper-prod'),
    // In its sandbox SES checks the recipient's identity as well.
    arn('ses', 'identity/alex@example.com'),
  ],
};
/** To whoever may sign in. */
const signInMail = {
  Effect: 'Allow',
  Action: ['ses:SendEmail'],
  Resource: [
    arn('ses', 'identity/example.com'),
    arn('ses', 'identity/grantkeeper@example.com'),
    arn('ses', 'configuration-set/grantkeeper-prod'),
    arn('ses', 'identity/ops@example.com'),
    arn('ses', 'identity/boss@example.com'),
  ],
};
const keepGrant = arn('states', 'stateMachine:grantkeeper-prod-keep-grant');
const resume = { Effect: 'Allow', Action: ['states:SendTaskSuccess'], Resource: ['*'] };
const deliverLogs = {
  Effect: 'Allow',
  Action: [
    'logs:CreateLogDelivery',
    'logs:GetLogDelivery',
    'logs:UpdateLogDelivery',
    'logs:DeleteLogDelivery',
    'logs:ListLogDeliveries',
    'logs:PutResourcePolicy',
    'logs:DescribeResourcePolicies',
    'logs:DescribeLogGroups',
  ],
  Resource: ['*'],
};

const start = { Effect: 'Allow', Action: ['states:StartExecution'], Resource: [keepGrant] };
const operators = arn('sns', 'grantkeeper-prod-operators');
/** Of an owner with a telephone and Slack; a number has no ARN. */
const reachOwners = [
  sendMail,
  { Effect: 'Allow', Action: ['sns:Publish'], Resource: [operators] },
  start,
  { Effect: 'Allow', Action: ['sns:Publish'], NotResource: ['arn:aws:sns:*:*:*'] },
  {
    Effect: 'Allow',
    Action: [
      'sns:GetSMSSandboxAccountStatus',
      'sns:ListOriginationNumbers',
      'sns:ListSMSSandboxPhoneNumbers',
    ],
    Resource: ['*'],
  },
  {
    Effect: 'Allow',
    Action: [
      'sms-voice:DescribeAccountAttributes',
      'sms-voice:DescribePhoneNumbers',
      'sms-voice:DescribeVerifiedDestinationNumbers',
      'sms-voice:SendTextMessage',
    ],
    Resource: ['*'],
    Condition: { StringEquals: { 'aws:CalledViaLast': 'sns.amazonaws.com' } },
  },
  { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: [secret('webhook/*')] },
];

test.each([
  ['check-grant', [...useConnections, queryConnections, readClients]],
  ['refresh-tokens', [...useConnections, queryConnections, readClients, keepTokens, resume, start]],
  ['notify-owner', [...useConnections, queryConnections, resume, ...reachOwners]],
  ['request-reauthorization', [...useConnections, resume, ...reachOwners]],
  ['disconnect-grant', [...useConnections, queryConnections, readClients, emptySecrets, resume]],
  ['reauthorize', [...useConnections, readClients, start]],
  ['callback', [...useConnections, readClients, keepTokens, resume, start]],
  ['show-panel', [readManyConnections, queryConnections, readVisitors, noteVisits]],
  ['take-action', [...useConnections, start, readVisitors, noteVisits]],
  ['sign-in', [readPeople, keepSessions, signInMail]],
])('%s may do this and no more', (name, statements) => {
  expect(statementsOf(name)).toEqual([logsOf(name), ...statements]);
});

test('without a telephone and a chat nobody may text, or read a webhook', async () => {
  const quiet = await program('prod', (config) => {
    const connections = config['grantkeeper:connections'] as Record<string, Record<string, unknown>>;
    const connection = {
      ...connections['schwab-main'],
      owner: { email: 'alex@example.com' },
      reminders: undefined,
    };
    return { ...config, 'grantkeeper:connections': { 'schwab-main': connection } };
  });
  const { Statement: statements } = json(resource(quiet, 'notify-owner-policy'), 'policy') as {
    Statement: Statement[];
  };
  expect(statements).toEqual([
    logsOf('notify-owner'),
    ...useConnections,
    queryConnections,
    resume,
    ...reachOwners.slice(0, 3),
  ]);
});

test('the state machine may call its five functions, record an incident, alert and deliver its log', () => {
  expect(statementsOf('workflow')).toEqual([
    {
      Effect: 'Allow',
      Action: ['lambda:InvokeFunction'],
      Resource: [
        arn('lambda', 'function:grantkeeper-prod-check-grant'),
        arn('lambda', 'function:grantkeeper-prod-refresh-tokens'),
        arn('lambda', 'function:grantkeeper-prod-notify-owner'),
        arn('lambda', 'function:grantkeeper-prod-request-reauthorization'),
        arn('lambda', 'function:grantkeeper-prod-disconnect-grant'),
      ],
    },
    items(['connection#*'], 'PutItem'),
    { Effect: 'Allow', Action: ['sns:Publish'], Resource: [operators] },
    deliverLogs,
  ]);
});

test('what consumers ask by may start the state machine and deliver its log', () => {
  expect(statementsOf('refresh-requests')).toEqual([start, deliverLogs]);
});

test('the scheduler may start the state machine and keep what it could not start', () => {
  expect(statementsOf('scheduling')).toEqual([
    start,
    { Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: [arn('sqs', 'grantkeeper-prod-dead-letters')] },
  ]);
});

describe('over all roles', () => {
  const everything = policies.flatMap((name) =>
    statementsOf(name)
      .filter(({ Resource }) => Resource !== undefined)
      .map((statement) => ({ name, ...statement })),
  );

  test('all but a text message names what it is about', () => {
    const open = policies.flatMap((name) =>
      statementsOf(name)
        .filter(({ Resource }) => Resource === undefined)
        .map(({ Action }) => [name, ...Action]),
    );
    expect(open).toEqual([
      ['notify-owner', 'sns:Publish'],
      ['request-reauthorization', 'sns:Publish'],
    ]);
  });

  test('the panel touches no secret at all', () => {
    const panel = everything.filter(({ name }) => ['show-panel', 'take-action', 'sign-in'].includes(name));
    expect(panel.length).toBeGreaterThan(5);
    expect(
      panel.flatMap(({ Action }) => Action).filter((action) => action.startsWith('secretsmanager:')),
    ).toEqual([]);
  });

  test('only refresh-tokens, callback and disconnect-grant touch grant and access secrets, and the last one moves no version', () => {
    const touching = everything.filter(({ Resource }) =>
      Resource.some((each) => /\/(grant|access)-/.test(each)),
    );
    expect(touching.map(({ name }) => name).sort()).toEqual([
      'callback',
      'disconnect-grant',
      'refresh-tokens',
    ]);
    expect(touching.find(({ name }) => name === 'disconnect-grant')!.Action).toEqual([
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
    ]);
  });

  test('secrets of clients are read by five functions and written by none', () => {
    const touching = everything.filter(({ Resource }) => Resource.includes(secret('client/*')));
    expect(Object.fromEntries(touching.map(({ name, Action }) => [name, Action]))).toEqual({
      'check-grant': ['secretsmanager:GetSecretValue'],
      'refresh-tokens': ['secretsmanager:GetSecretValue'],
      'disconnect-grant': ['secretsmanager:GetSecretValue'],
      reauthorize: ['secretsmanager:GetSecretValue'],
      callback: ['secretsmanager:GetSecretValue'],
    });
  });

  test('only actions without resource-level permissions are over any resource', () => {
    const open = everything.filter(({ Resource }) => Resource.includes('*'));
    expect([...new Set(open.flatMap(({ Action }) => Action))].sort()).toEqual([
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
      'sms-voice:DescribeAccountAttributes',
      'sms-voice:DescribePhoneNumbers',
      'sms-voice:DescribeVerifiedDestinationNumbers',
      'sms-voice:SendTextMessage',
      'sns:GetSMSSandboxAccountStatus',
      'sns:ListOriginationNumbers',
      'sns:ListSMSSandboxPhoneNumbers',
      'states:SendTaskSuccess',
    ]);
  });

  test('every other resource is of this stack', () => {
    const named = everything.flatMap(({ Resource }) => Resource).filter((each) => each !== '*');
    const foreign = named.filter((each) => !/grantkeeper[-/]prod/.test(each));
    expect([...new Set(foreign)]).toEqual([
      arn('ses', 'identity/example.com'),
      arn('ses', 'identity/grantkeeper@example.com'),
      arn('ses', 'identity/alex@example.com'),
      arn('ses', 'identity/ops@example.com'),
      arn('ses', 'identity/boss@example.com'),
    ]);
  });

  test('no action is a pattern', () => {
    expect(everything.flatMap(({ Action }) => Action).filter((action) => /[*?]/.test(action))).toEqual([]);
  });
});

test('each role has one policy, and may be taken on by one service', () => {
  const trust = ofType(prod, 'aws:iam/role:Role').map((role) => {
    const { Statement: statements } = json(role, 'assumeRolePolicy') as { Statement: unknown[] };
    return [role.name.replace(/-role$/, ''), statements] as const;
  });
  const trusting = (service: string, condition = {}) => [
    { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service }, ...condition },
  ];
  const ofThisAccount = { Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } } };
  expect(Object.fromEntries(trust)).toEqual({
    'check-grant': trusting('lambda.amazonaws.com'),
    'refresh-tokens': trusting('lambda.amazonaws.com'),
    'notify-owner': trusting('lambda.amazonaws.com'),
    'request-reauthorization': trusting('lambda.amazonaws.com'),
    'disconnect-grant': trusting('lambda.amazonaws.com'),
    reauthorize: trusting('lambda.amazonaws.com'),
    callback: trusting('lambda.amazonaws.com'),
    'show-panel': trusting('lambda.amazonaws.com'),
    'take-action': trusting('lambda.amazonaws.com'),
    'sign-in': trusting('lambda.amazonaws.com'),
    workflow: trusting('states.amazonaws.com', ofThisAccount),
    'refresh-requests': trusting('states.amazonaws.com', ofThisAccount),
    scheduling: trusting('scheduler.amazonaws.com', ofThisAccount),
  });
  expect([...policies].sort()).toEqual(trust.map(([name]) => name).sort());
});
