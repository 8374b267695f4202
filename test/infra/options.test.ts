import { describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';

import { stateOf } from '../../local/program/resource-state.ts';
import type { Options } from '../helpers/program.ts';
import { configOf, ofType, program, watchingOptions } from '../helpers/program.ts';

const prod = await program('prod');
const local = await program('local');

const functions = [
  'check-grant',
  'refresh-tokens',
  'notify-owner',
  'request-reauthorization',
  'disconnect-grant',
  'reauthorize',
  'callback',
];

/** Logical names of the resources whose options say so. */
const namesWith = (
  { options }: { options: ReadonlyMap<string, Options> },
  key: 'protect' | 'retainOnDelete',
) => [...options].filter(([, option]) => option[key]).map(([name]) => name);

describe('what must not be lost', () => {
  test('with a domain, the table and the domain are protected, and the API can be made anew', () => {
    expect(namesWith(prod, 'protect').sort()).toEqual(['http-api-domain', 'storage-table']);
  });

  test('without a domain, the API is protected: its address is the callback URL', () => {
    expect(namesWith(local, 'protect').sort()).toEqual(['http-api-api', 'storage-table']);
  });

  test('the secrets stay when they leave the program, and what others may use', () => {
    expect(namesWith(prod, 'retainOnDelete').sort()).toEqual([
      // What happened is not forgotten either.
      'audit-trail-bucket',
      'client-schwab',
      'email-identity',
      'schwab-main-access',
      'schwab-main-grant',
      'webhook-alex-slack',
    ]);
  });
});

describe('what must be there first', () => {
  test('one change of a bucket comes after another: S3 refuses two at a time', () => {
    const changes = ['private', 'encryption', 'lifecycle', 'versions', 'policy'];
    changes.slice(1).forEach((change, index) => {
      const { dependencies } = prod.options.get(`audit-trail-${change}`)!;
      expect(dependencies).toContain(`audit-trail-${changes[index]}`);
    });
  });

  test.each(functions)('the role’s policy and the log group of %s come before the function', (name) => {
    const { dependencies } = prod.options.get(`${name}-function`)!;
    expect(dependencies).toEqual(expect.arrayContaining([`${name}-policy`, `${name}-logs`, `${name}-role`]));
  });

  test('the role’s policy and the log group come before the state machine', () => {
    const { dependencies } = prod.options.get('workflow-machine')!;
    expect(dependencies).toEqual(
      expect.arrayContaining(['workflow-policy', 'workflow-logs', 'workflow-role']),
    );
  });

  test('the log group comes before the API’s stage', () => {
    expect(prod.options.get('http-api-stage')!.dependencies).toContain('http-api-logs');
  });

  test('EventBridge may publish before it has something to publish', () => {
    expect(prod.options.get('executions-that-failed-target')!.dependencies).toContain(
      'operator-alerts-topic-policy',
    );
  });

  test('a connection’s settings, secrets and the scheduler’s permissions come before its schedule', () => {
    expect(prod.options.get('schwab-main-schedule')!.dependencies).toEqual(
      expect.arrayContaining([
        'schwab-main-settings',
        'schwab-main-grant',
        'schwab-main-access',
        'scheduling-policy',
        'scheduling-dead-letters',
        'workflow-machine',
      ]),
    );
  });
});

test('every resource belongs to a component, but for the secrets of clients and webhooks', () => {
  const parents = new Map([...prod.options].map(([name, { parent }]) => [name, parent]));
  const alone = [...parents.keys()].filter((name) => !parents.get(name)!.startsWith('grantkeeper:index:'));
  expect(alone).toEqual(['client-schwab', 'webhook-alex-slack']);
  expect(parents.get('schwab-main-grant')).toBe('grantkeeper:index:Connection');
  expect(parents.get('refresh-tokens-role')).toBe('grantkeeper:index:LambdaFunction');
});

describe('secrets that an earlier deployment left in place', () => {
  const arn = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}`;
  const left = [
    arn('grantkeeper/prod/schwab-main/access-AbCdEf'),
    arn('grantkeeper/prod/client/schwab-012345'),
    arn('grantkeeper/prod/schwab-old/grant-GhIjKl'),
  ];
  const asked: unknown[] = [];

  /** infra/index.ts itself, as the engine's language host imports it. */
  const engine = watchingOptions(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) =>
          stateOf(type, name, inputs as Record<string, unknown>, { apiEndpoint: 'https://api.example.net' }),
        call: ({ token, inputs }) => {
          if (token !== 'aws:secretsmanager/getSecrets:getSecrets') {
            return { accountId: '000000000000', region: 'us-east-1', partition: 'aws' };
          }
          asked.push(inputs);
          return { arns: left, names: [] };
        },
      },
      'grantkeeper',
      'prod',
      false,
    );
    const config = Object.entries(configOf('prod'));
    pulumi.runtime.setAllConfig(
      Object.fromEntries(
        config.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
      ),
    );
    const outputs: Record<string, unknown> = { ...(await import('../../infra/index.ts')) };
    await pulumi.runtime.disconnect();
    return Object.keys(outputs);
  });

  test('are asked for by the stack’s prefix', async () => {
    await engine;
    expect(asked).toEqual([{ filters: [{ name: 'name', values: ['grantkeeper/prod/'] }] }]);
  });

  test('are adopted where the configuration names them, whatever their description', async () => {
    const { options } = await engine;
    expect(options.get('schwab-main-access')).toMatchObject({ importId: left[0], retainOnDelete: true });
    expect(options.get('client-schwab')).toMatchObject({ importId: left[1], retainOnDelete: true });
    expect(options.get('client-schwab')!.ignoreChanges).toContain('description');
  });

  test('are made where there are none', async () => {
    const { options } = await engine;
    expect(options.get('schwab-main-grant')).toMatchObject({ importId: '', ignoreChanges: [] });
    expect(ofType(prod, 'aws:secretsmanager/secret:Secret')).toHaveLength(4);
  });

  test('the program exports what an operator needs to know', async () => {
    const { watched: outputs } = await engine;
    expect(outputs.sort()).toEqual([
      'callbackDomainTarget',
      'callbackUrl',
      'clientSecretNames',
      'consumerPolicies',
      'dashboardConsoleUrl',
      'mailDnsRecords',
      'operatorTopicArn',
      'panelUrl',
      'stateMachineArn',
      'stateMachineConsoleUrl',
      'tableName',
      'tokenSecretNames',
      'webhookSecretNames',
    ]);
  });
});
