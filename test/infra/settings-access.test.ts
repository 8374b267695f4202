/**
 * Who may touch what Pulumi writes into the table. The settings name the token endpoint: a role that could write them could
 * have refresh tokens and the client's secret sent to a server of its own.
 */
import { expect, test } from '@jest/globals';

import type { AwsError } from '../../local/aws/errors.ts';
import { Iam } from '../../local/aws/iam/iam.ts';
import { withBrowserLogin } from '../../local/browser-login.ts';
import { json, ofType, program } from '../helpers/program.ts';

const stack = await program('local', withBrowserLogin);
const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/grantkeeper-local';

/** Every role of the stack, and one of a consumer, as the embedded cloud would judge its calls. */
const iam = new Iam();
const roles = new Map<string, string>();
for (const { inputs, state } of ofType(stack, 'aws:iam/role:Role')) {
  iam.addRole({
    arn: String(state.arn),
    name: String(inputs.name),
    assumeRolePolicy: String(inputs.assumeRolePolicy),
  });
  roles.set(String(inputs.name).replace('grantkeeper-local-', ''), String(state.arn));
}
const arnOf = (role: string) => roles.get(role.replace('grantkeeper-local-', ''))!;
for (const { inputs } of ofType(stack, 'aws:iam/rolePolicy:RolePolicy')) {
  iam.addRolePolicy(arnOf(String(inputs.role)), String(inputs.policy));
}
const consumer = 'arn:aws:iam::000000000000:role/consumer';
iam.addRole({
  arn: consumer,
  name: 'consumer',
  assumeRolePolicy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
    ],
  }),
});
roles.set('consumer', consumer);
for (const policy of Object.values(stack.outputs.consumerPolicies as Record<string, string>)) {
  iam.addRolePolicy(consumer, policy);
}

/** Partition keys of all that Pulumi writes. */
const written = ofType(stack, 'aws:dynamodb/tableItem:TableItem').map(
  (item) => (json(item, 'item') as { pk: { S: string } }).pk.S,
);

function may(role: string, operation: string, ...leadingKeys: readonly string[]): boolean {
  try {
    iam.authorize({ principalArn: arnOf(role) }, `dynamodb:${operation}`, tableArn, { leadingKeys });
    return true;
  } catch (error) {
    if ((error as AwsError).code !== 'AccessDeniedException') throw error;
    return false;
  }
}

/** `<role> <operation> <partition key>` of all that is allowed. */
const allowed = (operations: readonly string[], keys: readonly string[]) =>
  [...roles.keys()]
    .flatMap((role) =>
      operations.flatMap((operation) =>
        keys.filter((key) => may(role, operation, key)).map((key) => `${role} ${operation} ${key}`),
      ),
    )
    .toSorted();

// Actions that change items: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
const writes = [
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
  'PartiQLInsert',
  'PartiQLUpdate',
  'PartiQLDelete',
];

test('Pulumi writes the settings of each connection, of its browser, of the panel and of the command', () => {
  expect(written.toSorted()).toEqual(['deployment', 'panel', 'settings#demo-main', 'settings#demo-main']);
});

test('no role may write what Pulumi writes, nor settings of a connection that there is not', () => {
  expect(roles.size).toBe(16);
  const keys = [...new Set(written), 'settings#nobody', 'settings#', 'settings'];
  expect(allowed(writes, keys)).toEqual([]);
  expect(may('take-action', 'UpdateItem', 'connection#demo-main')).toBe(true);
  // Nor in one call with what it may write.
  const both = ['connection#demo-main', 'settings#demo-main'];
  expect([...roles.keys()].filter((role) => writes.some((write) => may(role, write, ...both)))).toEqual([]);
});

test('no role may replace the table or say who else may write it', () => {
  const operations = [
    'DeleteTable',
    'ImportTable',
    'PutResourcePolicy',
    'RestoreTableFromBackup',
    'UpdateTable',
  ];
  expect([...roles.keys()].flatMap((role) => operations.filter((each) => may(role, each)))).toEqual([]);
});

test('those whose work it is may read them', () => {
  const reads = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PartiQLSelect'];
  expect(allowed(reads, ['settings#demo-main', 'panel', 'deployment'])).toEqual([
    'callback GetItem settings#demo-main',
    'check-grant GetItem settings#demo-main',
    'disconnect-grant GetItem settings#demo-main',
    'notify-owner GetItem settings#demo-main',
    'reauthorize GetItem settings#demo-main',
    'refresh-tokens GetItem settings#demo-main',
    'request-browser-login GetItem settings#demo-main',
    'request-reauthorization GetItem settings#demo-main',
    'show-panel BatchGetItem settings#demo-main',
    'show-panel GetItem panel',
    'sign-in GetItem panel',
    'take-action GetItem panel',
    'take-action GetItem settings#demo-main',
  ]);
  // The panel reads settings and records of many connections at once.
  expect(may('show-panel', 'BatchGetItem', 'settings#demo-main', 'connection#demo-main')).toBe(true);
});
