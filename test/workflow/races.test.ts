import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import {
  advanceUntil,
  authorizationIn,
  executionNamed,
  holdFirstGrantRead,
  holdFunction,
  holdMails,
  holdSecrets,
  holdWrites,
  logInAnew,
  refreshDirectly,
  rotating,
  sleepUntil,
  startBeside,
  timeline,
  tokenCalls,
  untilLogged,
  untilTokenCalls,
} from '../helpers/story.ts';

const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };
const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };
const done = { status: 200, title: 'Done: you are connected' };

describe.each([
  ['stays the same', {}],
  ['changes with each refresh', rotating],
])('where the refresh token %s', (_, limits) => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start({ limits });
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('a login that comes while a refresh stores its tokens wins, and the refresh drops its own', async () => {
    await demo.start(ask);
    await demo.advance(minuteMs);
    const hold = holdSecrets(demo, 'refresh-tokens', 'PutSecretValue');
    await demo.brokerage.reset();
    await startBeside(demo, refresh, 'overtaken-refresh');
    await hold.reached();

    expect(await demo.logIn(demo.newestLink())).toMatchObject(done);
    const [grant, access] = [await demo.secret('grant'), await demo.secret('access')];
    hold.release();
    await demo.advance(minuteMs);

    expect(await tokenCalls(demo)).toEqual(['refresh_token 200', 'authorization_code 200']);
    expect(await executionNamed(demo, 'overtaken-refresh')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await timeline(demo)).toContain('dropped');
    expect(await demo.secret('grant')).toEqual(grant);
    expect(await demo.secret('access')).toEqual(access);
    expect(await demo.grant()).toMatchObject({
      status: 'active',
      grantVersionId: grant.versionId,
      accessVersionId: access.versionId,
    });
    // What is stored is the new login's, and it works.
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
    expect(demo.alerts()).toEqual([]);
  });

  test("a login that comes after a refresh has stored its tokens and before it records them: the record is the login's", async () => {
    await logInAnew(demo);
    await demo.start(ask);
    await demo.advance(minuteMs);
    const hold = holdWrites(demo, 'refresh-tokens', 'accessVersionId');
    await startBeside(demo, refresh, 'unrecorded-refresh');
    await hold.reached();
    expect(await demo.logIn(demo.newestLink())).toMatchObject(done);
    const [grant, access] = [await demo.secret('grant'), await demo.secret('access')];
    hold.release();
    await demo.advance(minuteMs);

    expect(await executionNamed(demo, 'unrecorded-refresh')).toMatchObject({ status: 'SUCCEEDED' });
    expect(access.derived_from).toBe(grant.versionId);
    expect(await demo.grant()).toMatchObject({
      grantVersionId: grant.versionId,
      accessVersionId: access.versionId,
    });
  });

  test('a refresh whose answer comes after a login is dropped, whatever it says', async () => {
    await logInAnew(demo);
    await demo.start(ask);
    await demo.advance(minuteMs);
    // Processed before the login, answered after it; the provider ends the old grant at consent.
    await demo.brokerage.reset();
    await demo.brokerage.misbehave({ kind: 'delay', ms: 1500, processed: true });
    await startBeside(demo, refresh, 'late-refresh');
    await untilTokenCalls(demo, 1);

    expect(await demo.logIn(demo.newestLink())).toMatchObject(done);
    const grant = await demo.secret('grant');
    await demo.advance(minuteMs);
    expect(await executionNamed(demo, 'late-refresh')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await demo.secret('grant')).toEqual(grant);
    expect(await demo.secret('access')).toMatchObject({ derived_from: grant.versionId });
    expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: grant.versionId });
  });
});

describe('a login', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(() => demo.brokerage.reset());

  test('that has ended the old grant and not come back yet: a refresh between the two asks nobody', async () => {
    await demo.start(ask);
    const mails = demo.mails().length;
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(demo.newestLink(), 'allow', browser);
    await demo.cloud.clock.idle();
    await demo.advance(10_000);
    await demo.brokerage.reset();
    await startBeside(demo, refresh, 'early-refresh');
    await demo.cloud.clock.idle();
    expect(await tokenCalls(demo)).toEqual(['refresh_token 400']);
    expect(await executionNamed(demo, 'early-refresh')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await demo.grant()).toMatchObject({ status: 'rejected' });

    expect(await browser.open(callback)).toMatchObject(done);
    await demo.advance(30 * minuteMs);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect(demo.mails()).toHaveLength(mails);
  });

  test('whose code is being exchanged is not taken for a revoked grant by a refresh', async () => {
    await demo.start(ask);
    const mails = demo.mails().length;
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(demo.newestLink(), 'allow', browser);
    await demo.cloud.clock.idle();
    await demo.advance(10_000);
    await demo.brokerage.reset();
    await demo.brokerage.misbehave({ kind: 'delay', ms: 1500 });
    const notified = await timeline(demo);
    const page = browser.open(callback);
    await untilTokenCalls(demo, 1);
    await startBeside(demo, refresh, 'crossing-refresh');
    expect(await page).toMatchObject(done);
    await demo.advance(minuteMs);

    expect(await executionNamed(demo, 'crossing-refresh')).toMatchObject({ status: 'SUCCEEDED' });
    expect((await timeline(demo)).slice(notified.length).sort()).toEqual(['completed', 'fresh']);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect(demo.mails()).toHaveLength(mails);
  });

  test('whose callback comes twice is done once, and both pages say that it is done', async () => {
    await demo.start(ask);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(demo.newestLink(), 'allow', browser);
    await demo.brokerage.reset();
    expect(await browser.open(callback)).toMatchObject(done);
    expect(await browser.open(callback)).toMatchObject(done);
    await demo.cloud.clock.idle();
    expect(await tokenCalls(demo)).toEqual(['authorization_code 200']);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('whose callback comes twice at once spends the code once', async () => {
    await demo.start(ask);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(demo.newestLink(), 'allow', browser);
    await demo.brokerage.reset();
    // Both have seen the start unused before either of them uses it.
    const hold = holdSecrets(demo, 'callback', 'GetSecretValue');
    const pages = Promise.all([browser.open(callback), browser.open(callback)]);
    await hold.reached(2);
    hold.release();
    expect((await pages).map(({ title }) => title).sort()).toEqual([
      'Done: you are connected',
      'This login was used already',
    ]);
    await demo.cloud.clock.idle();
    expect(await tokenCalls(demo)).toEqual(['authorization_code 200']);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
  });

  test.each(['request-reauthorization', 'check-grant'])(
    'that is over before its execution attaches ends it at once (%s is late)',
    async (late) => {
      const startOfSchedule = late === 'check-grant' ? '2026-02-04T12:00:00Z' : '2026-01-15T12:00:00Z';
      await sleepUntil(demo, startOfSchedule);
      await logInAnew(demo);
      const reminder = new Date(Date.parse(startOfSchedule) + 5 * 86_400_000).toISOString();
      await sleepUntil(demo, new Date(Date.parse(reminder) - minuteMs).toISOString());
      await advanceUntil(demo, reminder);
      const link = demo.newestLink();
      const name = `demo-main-auth-${authorizationIn(link)}`;

      const hold = holdFunction(demo, late);
      expect(await demo.logIn(link)).toMatchObject(done);
      await hold.reached();
      expect(await executionNamed(demo, name)).toMatchObject({ status: 'RUNNING' });
      hold.release();
      await demo.cloud.clock.idle();
      const execution = await executionNamed(demo, name);
      expect(execution).toMatchObject({ status: 'SUCCEEDED' });
      expect(execution?.states.slice(-3)).toEqual(['CheckGrant', 'Choose', 'Done']);
      expect(demo.alerts()).toEqual([]);
    },
  );

  test('that comes after its execution has attached resumes it', async () => {
    await sleepUntil(demo, '2026-03-01T12:00:00Z');
    await logInAnew(demo);
    await sleepUntil(demo, '2026-03-06T11:59:00Z');
    await advanceUntil(demo, '2026-03-06T12:00:00Z');
    const link = demo.newestLink();
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    await demo.cloud.clock.idle();
    const name = `demo-main-auth-${authorizationIn(link)}`;
    expect((await executionNamed(demo, name))?.states.at(-1)).toBe('RequestReauthorization');
    expect(await browser.open(callback)).toMatchObject(done);
    await demo.cloud.clock.idle();
    expect(await executionNamed(demo, name)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('of two browsers over one link: the one that ends last stands, and the other’s page says nothing false', async () => {
    await demo.start(ask);
    const link = demo.newestLink();
    const [one, two] = [new Browser(), new Browser()];
    const callbackOfOne = await demo.logInUpToCallback(link, 'allow', one);
    const callbackOfTwo = await demo.logInUpToCallback(link, 'allow', two);
    expect(await two.open(callbackOfTwo)).toMatchObject(done);
    const grant = await demo.secret('grant');
    await one.open(callbackOfOne);
    await demo.cloud.clock.idle();
    expect(await demo.secret('grant')).toEqual(grant);
    expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: grant.versionId });
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
  });

  test('resumes its execution though an attempt that Step Functions gave up on ran after its retry', async () => {
    await demo.start(ask);
    const { executionArn } = (await demo.executions())[0]!;
    const { events } = (await demo.cloud.stepFunctions.call(
      'GetExecutionHistory',
      { executionArn, maxResults: 1000 },
      administrator,
    )) as { events: { taskScheduledEventDetails?: { parameters: string } }[] };
    const { FunctionName, Payload } = events
      .flatMap(({ taskScheduledEventDetails: details }) => (details ? [JSON.parse(details.parameters)] : []))
      .at(-1) as { FunctionName: string; Payload: Record<string, unknown> };
    const mails = demo.mails().length;
    const taskToken = `${'A'.repeat(99)}=`;
    const late = { FunctionName, Payload: { ...Payload, taskToken } };
    expect(await demo.cloud.lambda.call('Invoke', late, administrator)).not.toHaveProperty('FunctionError');
    expect(demo.mails()).toHaveLength(mails);

    expect(await demo.logIn(demo.newestLink())).toMatchObject(done);
    await demo.cloud.clock.idle();
    const [execution] = (await demo.executions()).filter((each) => each.executionArn === executionArn);
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('a login whose reading comes late is older all the same, and moves nothing', async () => {
  await using demo = await TestDemo.start({ limits: { loginEndsPreviousGrant: false } });
  await demo.connect();
  await demo.advance(minuteMs);
  await demo.start(ask);
  const link = demo.newestLink();
  const [one, two] = [new Browser(), new Browser()];
  const callbackOfOne = await demo.logInUpToCallback(link, 'allow', one);
  const callbackOfTwo = await demo.logInUpToCallback(link, 'allow', two);
  const hold = holdFirstGrantRead(demo, 'callback');
  const older = one.open(callbackOfOne);
  await hold.reached();
  expect(await two.open(callbackOfTwo)).toMatchObject(done);
  const grant = await demo.secret('grant');
  hold.release();
  await older;
  await demo.cloud.clock.idle();
  expect(await demo.secret('grant')).toEqual(grant);
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: grant.versionId });
});

test('a refresh whose write was not answered keeps the lease: it may happen yet, and nobody is to read before', async () => {
  await using demo = await TestDemo.start({ limits: rotating });
  await demo.connect();
  await demo.advance(minuteMs);
  const writing = { call: 'secretsmanager:PutSecretValue', by: 'refresh-tokens' };
  // As often as it is asked.
  await demo.cloud.faults.plan({ ...writing, kind: 'fail', times: 7 });
  await startBeside(demo, refresh, 'refresh');
  await untilLogged(demo, 'StoreUnavailableError');
  expect(await demo.grant()).toMatchObject({ lease: { owner: expect.stringContaining('refresh') } });
});

test('a reminder that a request makes needless is not sent beside it', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  // 48 hours before the grant's end.
  await sleepUntil(demo, '2026-01-10T12:00:30Z');
  const mails = demo.mails().length;
  const hold = holdMails(demo, 'request-reauthorization');
  await startBeside(demo, ask, 'ask');
  await hold.reached();
  await startBeside(demo, { connectionId: 'demo-main', trigger: 'operator' }, 'check');
  while ((await executionNamed(demo, 'check'))?.status !== 'SUCCEEDED') await setTimeout(5);
  hold.release();
  await demo.cloud.clock.idle();
  expect(await executionNamed(demo, 'check')).toMatchObject({ status: 'SUCCEEDED' });
  expect(demo.mails().slice(mails)).toHaveLength(1);
});
