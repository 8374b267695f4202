import * as pulumi from '@pulumi/pulumi';
import { beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { grantAccessToken } from '../../infra/consumer.ts';

const consumerPolicies = { 'schwab-main': '{"Version":"2012-10-17","Statement":[]}' };
const made: { type: string; name: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        made.push({ type, name, inputs: inputs as Record<string, unknown> });
        return { id: name, state: inputs as Record<string, unknown> };
      },
      call: () => ({}),
    },
    'bot',
    'prod',
    false,
  );
});

const resolved = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve, reject) => {
    (output as pulumi.Output<T> & { promise(): Promise<T> }).promise().then(resolve, reject);
  });

test('a connection that the stack does not have fails the program, with those that it has', () => {
  // In a process of its own: Pulumi ends it.
  const program = `
    import * as pulumi from '@pulumi/pulumi';
    import { grantAccessToken } from './infra/consumer.ts';
    await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) }, 'bot', 'prod');
    const policies = ${JSON.stringify(consumerPolicies)};
    grantAccessToken('bot-token', { role: 'bot', connectionId: 'schwab-mian', consumerPolicies: policies });
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const flags = ['--no-warnings', '--input-type=module', '--eval', program];
  const { status, stderr } = spawnSync(process.execPath, flags, { cwd, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('bot-token: the stack has no connection schwab-mian. It has: schwab-main.');
});

test('a role is given the policy of its connection, also where the policies come from another stack', async () => {
  const policies = pulumi.output(Promise.resolve(consumerPolicies));
  const granted = grantAccessToken('bot-token', {
    role: 'bot',
    connectionId: 'schwab-main',
    consumerPolicies: policies,
  });
  expect(await resolved(granted.policy)).toBe(consumerPolicies['schwab-main']);
  expect(made).toEqual([
    {
      type: 'aws:iam/rolePolicy:RolePolicy',
      name: 'bot-token',
      inputs: { role: 'bot', policy: consumerPolicies['schwab-main'] },
    },
  ]);
});
