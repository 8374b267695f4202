/** The example bot in the embedded cloud, over two days in which the grant has to be renewed by its owner. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { addBot } from '../../local/example-bot.ts';
import { TestDemo, dayMs, mailOnly, minuteMs } from '../helpers/demo.ts';
import { withProviderData } from '../helpers/stored.ts';
import { tokenCalls } from '../helpers/story.ts';

let demo: TestDemo;
beforeAll(async () => {
  const absoluteSeconds = (2 * dayMs) / 1000;
  demo = await TestDemo.start({
    configure: (config) => withProviderData({ limits: { absoluteSeconds } })(mailOnly(config)),
    limits: { refreshSeconds: absoluteSeconds },
    add: addBot,
  });
});
afterAll(() => demo[Symbol.asyncDispose]());

/** What the bot has logged, a line for each call. */
const log = () =>
  demo.cloud.lambda.logs
    .filter(({ functionName }) => functionName === 'grantkeeper-local-bot')
    .map(({ at, text }) => ({ at, text }));

/** Executions that consumers have asked for. */
const asked = async () => {
  const stateMachineArn =
    'arn:aws:states:us-east-1:000000000000:stateMachine:grantkeeper-local-refresh-demo-main';
  const call = demo.cloud.stepFunctions.call.bind(demo.cloud.stepFunctions);
  return (await call('ListExecutions', { stateMachineArn }, administrator)).executions;
};

test('over two days with a new login in them the bot has no call refused', async () => {
  await demo.connect();
  // Its errors from before there was a grant are over.
  await demo.advance(30 * minuteMs);
  const begin = log().length;
  // The first reminder of this grant is a day before its end. Its owner takes half an hour.
  await demo.advance(dayMs);
  expect(demo.mails()).toHaveLength(2);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
  // Beyond the day on which the first grant would have ended.
  await demo.advance(dayMs);

  const lines = log().slice(begin);
  expect(lines).toHaveLength(2 * 24);
  expect(new Set(lines.map(({ text }) => text))).toEqual(
    new Set(['{"message":"Looked at the accounts","accounts":3}']),
  );
  expect(lines[0]!.at).toBe('2026-01-05T13:00:00.000Z');
  expect(lines.at(-1)!.at).toBe('2026-01-07T12:00:00.000Z');
  // Nor did the client have to ask for a refresh, as after a call that is refused: the schedule was always before it.
  expect(await asked()).toEqual([]);
  expect(await tokenCalls(demo)).not.toContain('refresh_token 400');
});
