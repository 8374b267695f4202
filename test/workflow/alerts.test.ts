import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, mailOnly, minuteMs } from '../helpers/demo.ts';
import {
  breakMail,
  clientRefused,
  ending,
  executionNamed,
  removeSettings,
  sleepUntil,
  startBeside,
  tokenCalls,
  watch,
} from '../helpers/story.ts';

const operatorAlerted = { status: 'FAILED', error: 'OperatorAlerted' };

describe('with a connection that works', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('an incident is alerted once over many checks, ends with the success of its step, and the next one is alerted again', async () => {
    const story = watch(demo);
    await demo.brokerage.misbehave(clientRefused, 4);
    await demo.advance(100 * minuteMs);
    expect(story.alerts()).toMatchObject([
      {
        at: '2026-01-05T12:25:00.000Z',
        subject: 'Grantkeeper: demo-main: ClientRejectedError',
        text: expect.stringMatching(
          /Since: 2026-01-05T12:25:00\.000Z\nLast success: 2026-01-05T12:00:00\.000Z\nAccess token ends: 2026-01-05T12:30:00\.000Z\n\n.*invalid_client[^]*What to do: Store the right client id and secret:/,
        ),
      },
    ]);
    const failed = (await demo.executions()).slice(0, 4);
    for (const { executionArn, states } of failed) {
      expect(await ending(demo, executionArn)).toEqual({
        ...operatorAlerted,
        cause: 'RefreshTokens: ClientRejectedError',
      });
      // The check goes on after the alert: a failing refresh does not silence the reminder schedule.
      expect(states.slice(-4)).toEqual(['AfterAlert', 'CheckGrant', 'Choose', 'Failed']);
    }
    expect(await demo.grant()).toMatchObject({ status: 'active' });

    await demo.advance(25 * minuteMs);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(await demo.item('incident#RefreshTokens#ClientRejectedError')).toMatchObject({
      since: '2026-01-05T12:25:00.000Z',
      endedAt: '2026-01-05T14:05:00.000Z',
    });
    expect(story.recoveries()).toMatchObject([
      {
        at: '2026-01-05T14:05:00.000Z',
        subject: 'Grantkeeper: demo-main: works again',
        text: expect.stringContaining('RefreshTokens: ClientRejectedError, since 2026-01-05T12:25:00.000Z'),
      },
    ]);

    await demo.brokerage.misbehave(clientRefused);
    await demo.advance(25 * minuteMs);
    expect(story.alerts().map(({ at }) => at)).toEqual([
      '2026-01-05T12:25:00.000Z',
      '2026-01-05T14:30:00.000Z',
    ]);
    expect(story.mails()).toEqual([]);
    await demo.advance(25 * minuteMs);
  });

  test('of two executions for one tick the second does nothing', async () => {
    await demo.advance(10 * minuteMs);
    await demo.brokerage.reset();
    const tick = {
      connectionId: 'demo-main',
      trigger: 'schedule',
      scheduledTime: '2026-01-05T15:06:00Z',
      force: 'refresh',
    };
    await Promise.all([startBeside(demo, tick, 'one'), startBeside(demo, tick, 'two')]);
    await demo.advance(0);
    const both = [await executionNamed(demo, 'one'), await executionNamed(demo, 'two')];
    const refreshed = both.filter((execution) => execution?.states.includes('RefreshTokens'));
    expect(refreshed).toHaveLength(1);
    expect(both.map((execution) => execution?.status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  });

  test('the rule alerts an execution that somebody stops, and the next check goes on', async () => {
    await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
    const story = watch(demo);
    const [waiting] = await demo.executions();
    await demo.cloud.stepFunctions.call(
      'StopExecution',
      { executionArn: waiting!.executionArn },
      administrator,
    );
    await demo.advance(25 * minuteMs);
    expect(story.alerts().map(({ text }) => text)).toEqual([
      `"Grantkeeper: an execution ended as ABORTED and could not say why: ${waiting!.executionArn}"`,
    ]);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    // Its link goes on working, though nobody waits for it.
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
  });

  test('a connection that left the configuration fails each check, is alerted once, and not by the rule as well', async () => {
    await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
    const [waiting] = await demo.executions();
    const link = demo.newestLink();
    const callback = await demo.logInUpToCallback(link);
    const putBack = await removeSettings(demo);
    const story = watch(demo);
    await demo.advance(75 * minuteMs);
    expect(story.alerts()).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: ConfigurationError',
        text: expect.stringContaining('There is no connection demo-main in the configuration.'),
      },
    ]);
    const checks = (await demo.executions()).filter(({ status }) => status === 'FAILED').slice(0, 3);
    for (const { executionArn } of checks) {
      expect(await ending(demo, executionArn)).toEqual({
        ...operatorAlerted,
        cause: 'CheckGrant: ConfigurationError',
      });
    }

    // Link and callback refuse, and an execution that waits ends quietly when its wait does.
    expect((await fetch(link)).status).toBe(410);
    expect((await fetch(callback)).status).toBe(410);
    await sleepUntil(demo, '2026-01-10T17:00:00Z');
    expect(await executionNamed(demo, waiting!.name)).toMatchObject({
      status: 'SUCCEEDED',
      states: ['Begin', 'CheckGrant', 'Choose', 'RequestReauthorization', 'CheckGrant', 'Choose', 'Done'],
    });
    expect(story.alerts()).toHaveLength(1);
    expect(story.mails()).toEqual([]);

    await putBack();
    await demo.advance(25 * minuteMs);
    expect(await demo.item('incident#CheckGrant#ConfigurationError')).toMatchObject({
      endedAt: expect.any(String),
    });
  });
});

test('an unusable client secret, then mail that SES refuses: one alert each, no mail, and the first mail once both are mended', async () => {
  await using demo = await TestDemo.start({ clientSecret: () => '{}', configure: mailOnly });
  await demo.advance(60 * minuteMs);
  expect(demo.alerts()).toMatchObject([
    {
      at: '2026-01-05T12:00:00.000Z',
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining('The client secret grantkeeper/local/client/demo lacks client_id.'),
    },
  ]);
  for (const { executionArn } of await demo.executions()) {
    expect(await ending(demo, executionArn)).toEqual({
      ...operatorAlerted,
      cause: 'CheckGrant: ConfigurationError',
    });
  }

  const mendMail = breakMail(demo);
  const { clientId: client_id, clientSecret: client_secret } = demo.demo.client;
  const value = JSON.stringify({ client_id, client_secret });
  await putSecretValue(demo.cloud, 'grantkeeper/local/client/demo', value);
  const story = watch(demo);
  await demo.advance(75 * minuteMs);
  // One alert names the channel; the operators get what could not be delivered, with its link.
  expect(story.alerts()).toMatchObject([
    {
      at: '2026-01-05T13:15:00.000Z',
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining('Step: Email'),
    },
    {
      at: '2026-01-05T13:15:00.000Z',
      subject: 'Grantkeeper: demo-main: the owner could not be reached',
      text: expect.stringMatching(
        /- email: sending mail for demo-main: MessageRejected[^]*Please pass this on to Dana \(dana@example\.com\) and to nobody else:[^]*http:\S+\/reauthorize\/demo-main\//,
      ),
    },
  ]);
  expect(story.recoveries().map(({ at, text }) => [at, text.split('\n')[3]])).toEqual([
    ['2026-01-05T13:15:00.000Z', 'CheckGrant: ConfigurationError, since 2026-01-05T12:00:00.000Z'],
  ]);
  expect(demo.mails()).toEqual([]);

  // The link that was passed on works. Of the channel a login says nothing: it is over when it takes a notice again.
  mendMail();
  const link = /http:\S+\/reauthorize\/\S+/.exec(story.alerts()[1]!.text)![0];
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.advance(25 * minuteMs);
  expect(story.recoveries()).toHaveLength(1);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  await demo.advance(25 * minuteMs);
  expect(
    story
      .recoveries()
      .slice(1)
      .map(({ text }) => text.split('\n')[3]),
  ).toEqual(['Email: ConfigurationError, since 2026-01-05T13:15:00.000Z']);
  expect(story.alerts()).toHaveLength(2);
});

test('where no channel answers for long, the operators get the link, and the one before it works until they have it', async () => {
  await using demo = await TestDemo.start({ configure: mailOnly });
  await demo.connect();
  // The first reminder is sent; then SES is down.
  await sleepUntil(demo, '2026-01-10T11:59:00Z');
  await demo.advance(5 * minuteMs);
  const first = demo.newestLink();
  await sleepUntil(demo, '2026-01-11T12:09:00Z');
  const story = watch(demo);
  const mendMail = breakMail(demo, 'TooManyRequestsException');
  await demo.advance(10 * minuteMs);
  expect((await fetch(first)).status).toBe(200);
  await demo.advance(60 * minuteMs);
  expect(story.alerts().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-01-11T12:30:10.000Z', 'Grantkeeper: demo-main: ChannelUnavailableError'],
    ['2026-01-11T12:30:10.000Z', 'Grantkeeper: demo-main: the owner could not be reached'],
  ]);
  expect((await fetch(first)).status).toBe(410);
  const passedOn = /http:\S+\/reauthorize\/\S+/.exec(story.alerts()[1]!.text)![0];
  mendMail();
  expect(await demo.logIn(passedOn)).toMatchObject({ status: 200, title: 'Done: you are connected' });
});

test('the rule says that something works again where the topic refuses the message', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  const story = watch(demo);
  await demo.brokerage.misbehave(clientRefused);
  await demo.advance(26 * minuteMs);
  await demo.cloud.faults.plan({ call: 'sns:Publish', containing: 'works again', kind: 'fail', times: 6 });
  await demo.advance(26 * minuteMs);
  expect(story.recoveries()).toEqual([]);
  expect(story.alerts().at(-1)!.text).toContain('an execution ended as FAILED and could not say why');
});
