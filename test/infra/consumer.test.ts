import * as pulumi from '@pulumi/pulumi';
import { beforeAll, expect, test } from '@jest/globals';

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
