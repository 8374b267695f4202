import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { toNextTick } from '../helpers/stored.ts';
import { clientRefused, events, watch } from '../helpers/story.ts';

let demo: TestDemo;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

/** What comes to the timeline from now on. */
async function newEvents() {
  const seen = new Set((await events(demo)).map(({ sk }) => sk));
  return async () => (await events(demo)).filter(({ sk }) => !seen.has(sk));
}
/** Of one instant they come in any order: time stands still while a function runs. */
const sorted = (lines: Awaited<ReturnType<typeof events>>) =>
  lines.toSorted((a, b) => a.type.localeCompare(b.type)).map(({ type, details }) => [type, details]);
const newestExecution = async () => (await demo.executions())[0]!.executionArn;

test('a login from the first check on: each line names the execution that did it, or waits for it', async () => {
  const all = await events(demo);
  const { executionArn: executionId } = (await demo.executions()).at(-1)!;
  const authorizationId = expect.any(String);
  expect(sorted(all)).toEqual([
    ['asked', { reason: 'first-login', authorizationId, executionId }],
    ['checked', { decision: 'reauthorize', reason: 'first-login', executionId }],
    ['completed', { authorizationId, executionId }],
    ['started', { authorizationId, executionId }],
  ]);
});

test('a tick is one check, however often it is delivered, and what it did', async () => {
  const fresh = await newEvents();
  await toNextTick(demo);
  const [ticked] = await demo.executions();
  const executionId = ticked!.executionArn;
  const scheduledTime = '2026-01-05T12:25:00Z';
  await demo.start({ connectionId: 'demo-main', trigger: 'schedule', scheduledTime });
  expect(sorted(await fresh())).toEqual([
    ['checked', { decision: 'refresh', reason: 'access-token-expiring', executionId }],
    ['refreshed', { executionId }],
  ]);
});

test('a check that cannot write its line goes on all the same', async () => {
  const fresh = await newEvents();
  const planned = { by: 'check-grant', call: 'dynamodb:PutItem', kind: 'fail', times: 3 } as const;
  await demo.cloud.faults.plan(planned);
  await toNextTick(demo);
  expect((await fresh()).map(({ type }) => type)).toEqual(['refreshed']);
  expect((await demo.executions())[0]!.status).toBe('SUCCEEDED');
});

test('an incident is one line when it begins, and one when it is over', async () => {
  const fresh = await newEvents();
  await demo.brokerage.misbehave(clientRefused, 2);
  await toNextTick(demo);
  const notified = await newestExecution();
  const since = (await demo.item('incident#RefreshTokens#ClientRejectedError'))!.since;
  await toNextTick(demo);
  await toNextTick(demo);
  const over = await newestExecution();
  const lines = (await fresh()).filter(({ type }) => type === 'failed' || type === 'recovered');
  const incident = { step: 'RefreshTokens', error: 'ClientRejectedError' };
  expect(lines).toEqual([
    {
      sk: expect.stringMatching(/^event#2026-01-05T\d\d:\d\d:\d\d\.\d{3}Z#[0-9a-f]{8}$/),
      type: 'failed',
      details: {
        ...incident,
        reason: "Demo Brokerage refused the client's credentials (invalid_client).",
        executionId: notified,
      },
      ttl: Math.floor(Date.parse(String(since)) / 1000) + 400 * 86_400,
    },
    expect.objectContaining({ type: 'recovered', details: { ...incident, since, executionId: over } }),
  ]);
});

test('an alert is sent though its line cannot be written', async () => {
  const fresh = await newEvents();
  const story = watch(demo);
  await demo.brokerage.misbehave(clientRefused);
  const planned = { call: 'dynamodb:PutItem', containing: '"failed"', kind: 'fail', times: 3 } as const;
  await demo.cloud.faults.plan(planned);
  await toNextTick(demo);
  await demo.advance(minuteMs);
  expect(story.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: ClientRejectedError',
  ]);
  expect((await fresh()).map(({ type }) => type)).not.toContain('failed');
  await toNextTick(demo);
  expect(story.recoveries()).toHaveLength(1);
});

test('who asked for something is written down, also where that has to be tried again', async () => {
  const fresh = await newEvents();
  const planned = { by: 'check-grant', call: 'dynamodb:PutItem', kind: 'fail', times: 3 } as const;
  await demo.cloud.faults.plan(planned);
  const by = 'operator@example.com';
  await demo.start({ connectionId: 'demo-main', trigger: 'panel', force: 'refresh', by });
  await demo.advance(minuteMs);
  const asked = (await fresh()).filter(({ type }) => type === 'requested');
  expect(asked).toMatchObject([{ details: { what: 'refresh', by } }]);
});

test('an ask names who asked only where it is one line of at most 254 characters', async () => {
  const story = watch(demo);
  await demo.start({ connectionId: 'demo-main', trigger: 'panel', by: 'operator@example.com' });
  expect((await demo.executions())[0]!.status).toBe('SUCCEEDED');
  for (const by of ['a\nb', 'x'.repeat(255)]) {
    await demo.start({ connectionId: 'demo-main', trigger: 'panel', by });
    expect((await demo.executions())[0]!.status).toBe('FAILED');
  }
  expect(story.alerts()[0]!.text).toContain('something invalid at request.by');
});
