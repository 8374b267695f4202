/** The program first asks AWS for resources that exist, and adopts them. */
import { expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';

import { findExisting } from '../../infra/adoption.ts';
import { readConfig } from '../../infra/config.ts';
import { grantkeeper } from '../../infra/stack.ts';
import { stateOf } from '../../local/program/resource-state.ts';
import { configOf, watchingOptions } from '../helpers/program.ts';

type Answers = (function_: string, inputs: unknown) => Record<string, unknown> | undefined;

const nothingElse: Answers = () => undefined;
const place = { accountId: '000000000000', region: 'us-east-1', partition: 'aws' };

/** Evaluates `prod` where provider functions answer so; one without an answer fails, as a look-up for nothing does. */
async function evaluated(answers: Answers) {
  const inputsOf = new Map<string, Record<string, unknown>>();
  const { options } = await watchingOptions(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          inputsOf.set(name, inputs as Record<string, unknown>);
          return stateOf(type, name, inputs as Record<string, unknown>, {
            apiEndpoint: 'https://api.example.net',
          });
        },
        call: ({ token, inputs }) => {
          const isPlace = /getCallerIdentity|getRegion|getPartition/.test(token);
          const answer = answers(token.split(':').at(-1)!, inputs) ?? (isPlace ? place : undefined);
          if (answer === undefined) throw new Error(`${token}: couldn't find resource`);
          return answer;
        },
      },
      'grantkeeper',
      'prod',
      false,
    );
    pulumi.runtime.setAllConfig(
      Object.fromEntries(
        Object.entries(configOf('prod')).map(([key, value]) => [
          key,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
    const config = readConfig();
    grantkeeper(config, {}, await findExisting('prod', config));
    await pulumi.runtime.disconnect();
  });
  return { options, inputsOf };
}

const bucket = 'grantkeeper-prod-trail-000000000000';

test('a sender’s identity and a trail’s bucket that exist are adopted, and neither is ever deleted', async () => {
  const asked: unknown[] = [];
  const { options, inputsOf } = await evaluated((name, inputs) => {
    if (name !== 'getEmailIdentity' && name !== 'getBucket') return undefined;
    asked.push(inputs);
    return { id: name === 'getBucket' ? bucket : 'example.com' };
  });
  expect(asked).toHaveLength(2);
  expect(asked).toEqual(expect.arrayContaining([{ emailIdentity: 'example.com' }, { bucket }]));
  expect(options.get('email-identity')).toMatchObject({
    importId: 'example.com',
    retainOnDelete: true,
    ignoreChanges: ['configurationSetName', 'dkimSigningAttributes', 'tags'],
  });
  expect(options.get('audit-trail-bucket')).toMatchObject({
    importId: bucket,
    retainOnDelete: true,
    ignoreChanges: ['forceDestroy', 'tags'],
  });
  expect(inputsOf.get('audit-trail-bucket')).toEqual({ bucket });
});

test('what does not exist is made, and kept all the same', async () => {
  const { options } = await evaluated(nothingElse);
  for (const name of ['email-identity', 'audit-trail-bucket']) {
    expect(options.get(name)).toMatchObject({ importId: '', retainOnDelete: true, ignoreChanges: [] });
  }
});

test('integrations of a state machine have the partition in their names that it is deployed to', async () => {
  const { inputsOf } = await evaluated((name) =>
    name === 'getPartition' ? { partition: 'aws-us-gov' } : undefined,
  );
  for (const machine of ['workflow-machine', 'refresh-requests-schwab-main']) {
    const definition = String(inputsOf.get(machine)!['definition']);
    expect(definition).not.toContain('arn:aws:states:::');
    expect(definition).toMatch(/"arn:aws-us-gov:states:::[\w:.]+"/);
  }
});
