import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { AwsError } from '../../local/aws/errors.ts';
import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo } from '../helpers/demo.ts';
import { askForLogin, setClientSecret, stored, toNextTick } from '../helpers/stored.ts';

let demo: TestDemo;

beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

/** Starts an execution with this very text as its input. @returns it, and the alerts it caused */
async function startWith(input: string) {
  const alerts = demo.alerts().length;
  const { stateMachineArn } = demo.cloud.outputs;
  await demo.cloud.stepFunctions.call('StartExecution', { stateMachineArn, input }, administrator);
  await demo.advance(0);
  const [execution] = await demo.executions();
  return { execution, alerts: demo.alerts().slice(alerts) };
}

test.each([
  ['{"connectionId":"demo-main","trigger":"cron"}', 'request.trigger'],
  ['{"connectionId":"demo-main","trigger":"operator","force":"delete"}', 'request.force'],
  ['{"connectionId":"Demo Main","trigger":"operator"}', 'request.connectionId'],
  ['{"connectionId":["demo-main"],"trigger":"operator"}', 'request.connectionId'],
])('the execution input %s fails with an alert that names %s', async (input, path) => {
  const before = await stored(demo);
  const { execution, alerts } = await startWith(input);

  expect(execution).toMatchObject({ status: 'FAILED' });
  expect(alerts.map(({ text }) => text)).toEqual([
    expect.stringContaining(`check-grant was called with something invalid at ${path}.`),
  ]);
  expect(await stored(demo)).toEqual(before);
  // The next check succeeds, which ends the incident.
  await toNextTick(demo);
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
});

test('an execution whose input names no connection fails, and the operator hears of it once', async () => {
  const before = await stored(demo);
  const first = await startWith('{}');
  expect(first.execution).toMatchObject({ status: 'FAILED' });
  expect(first.alerts).toMatchObject([
    {
      text: expect.stringContaining('check-grant was called with something invalid at request.connectionId.'),
    },
  ]);
  for (const input of ['"demo-main"', '[]', 'null']) {
    const { execution, alerts } = await startWith(input);
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(alerts).toEqual([]);
  }
  expect(await stored(demo)).toEqual(before);
});

test('an unknown connection fails, and the operator hears of it once', async () => {
  const before = await stored(demo);
  const input = '{"connectionId":"nobody","trigger":"operator"}';
  const first = await startWith(input);
  const second = await startWith(input);

  expect(first.alerts).toMatchObject([
    {
      subject: 'Grantkeeper: nobody: ConfigurationError',
      text: expect.stringContaining(
        'There is no connection nobody in the configuration. Remove its schedule, or add it again.',
      ),
    },
  ]);
  expect(second.execution).toMatchObject({ status: 'FAILED' });
  expect(second.alerts).toEqual([]);
  expect(await stored(demo)).toEqual(before);
});

test('the schedule of a removed connection fails, the operator hears of it once, and the tokens stay', async () => {
  const alerts = demo.alerts().length;
  const Key = { pk: { S: 'settings#demo-main' }, sk: { S: 'settings' } };
  const TableName = demo.cloud.outputs.tableName;
  await demo.cloud.dynamoDb.call('DeleteItem', { TableName, Key }, administrator);
  const before = await stored(demo);
  await toNextTick(demo);
  await toNextTick(demo);

  expect((await demo.executions())[0]).toMatchObject({ status: 'FAILED' });
  expect(demo.alerts().slice(alerts)).toMatchObject([
    { text: expect.stringContaining('There is no connection demo-main in the configuration.') },
  ]);
  expect(await stored(demo)).toEqual(before);
});

test('while the client secret is unusable the operator gets one alert, and nobody gets a link', async () => {
  await using demo = await TestDemo.start({ clientSecret: () => 'client_id=demo' });
  await demo.advance(0);
  await toNextTick(demo);
  expect(demo.mails()).toEqual([]);
  expect(demo.alerts()).toMatchObject([
    {
      at: '2026-01-05T12:00:00.000Z',
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining('The client secret grantkeeper/local/client/demo is not JSON.'),
    },
  ]);

  await setClientSecret(demo);
  await toNextTick(demo);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
  const link = await askForLogin(demo);
  const before = await stored(demo);
  const mails = demo.mails().length;

  for (const [value, reason] of [
    ['client_id=demo', 'is not JSON.'],
    ['{"client_id": "grantkeeper-demo"}', 'lacks client_secret.'],
    ['{"client_id": "", "client_secret": "x"}', 'lacks client_id.'],
    ['["grantkeeper-demo"]', 'lacks client_id and client_secret.'],
  ]) {
    const alerts = demo.alerts().length;
    await setClientSecret(demo, value);
    await toNextTick(demo);
    expect(demo.alerts().slice(alerts)).toMatchObject([
      { text: expect.stringContaining(`The client secret grantkeeper/local/client/demo ${reason}`) },
    ]);
    expect(await stored(demo)).toEqual(before);
    const page = await new Browser().post(link, {});
    expect(page).toMatchObject({ status: 500, title: 'Something went wrong on our side' });

    await setClientSecret(demo);
    await demo.start({ connectionId: 'demo-main', trigger: 'operator' });
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    Object.assign(before, await stored(demo));
  }
  expect(demo.mails()).toHaveLength(mails);
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
});

test('while the client secret is scheduled for deletion one alert says how to get it back', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  const before = await stored(demo);
  const alerts = demo.alerts().length;
  const restore = scheduleDeletion(demo, 'grantkeeper/local/client/demo');
  await toNextTick(demo);
  await toNextTick(demo);

  expect(demo.alerts().slice(alerts)).toMatchObject([
    {
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining(
        'reading grantkeeper/local/client/demo: the secret is scheduled for deletion. Restore it with aws secretsmanager restore-secret.',
      ),
    },
  ]);
  expect(await stored(demo)).toEqual(before);
  restore();
  await toNextTick(demo);
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  expect(demo.mails()).toHaveLength(1);
});

/** What AWS answers of a secret in its recovery window. @returns how to restore it */
function scheduleDeletion({ cloud: { secrets } }: TestDemo, name: string): () => void {
  const before = secrets.call.bind(secrets);
  secrets.call = (operation, input, caller) =>
    input.SecretId === name
      ? Promise.reject(
          new AwsError(
            'InvalidRequestException',
            "You can't perform this operation on the secret because it was marked for deletion.",
          ),
        )
      : before(operation, input, caller);
  return () => (secrets.call = before);
}
