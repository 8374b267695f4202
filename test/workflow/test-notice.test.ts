import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { TestDemo } from '../helpers/demo.ts';
import { setClientSecret } from '../helpers/stored.ts';
import { breakMail, events, setInGrant, watch } from '../helpers/story.ts';

let demo: TestDemo;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

/** A moment later than all before it. */
const askForTest = async () => {
  await demo.advance(1000);
  await demo.start({ connectionId: 'demo-main', trigger: 'panel', force: 'test' });
};
const tested = async () =>
  (await events(demo)).filter(({ type }) => type === 'tested').map(({ details }) => details);
const subject = 'Test message: no action needed (Demo Brokerage, demo-main)';
const text = `This message tests whether notices about the connection demo-main to Demo Brokerage reach you. You need not do anything.`;
const due = 'Your next login is due before Mon, 12 Jan 2026, 07:00 GMT-5.';

test('a test goes over every channel, plainly as one, and changes nothing but when each was reached', async () => {
  const story = watch(demo);
  const before = await demo.grant();
  await askForTest();
  const [{ executionArn: executionId, status, states }] = (await demo.executions()) as [
    Awaited<ReturnType<TestDemo['executions']>>[number],
  ];
  expect([status, states]).toEqual([
    'SUCCEEDED',
    ['Begin', 'CheckGrant', 'Choose', 'NotifyOwner', 'Choose', 'Done'],
  ]);
  expect(story.by('email')).toMatchObject([
    { to: 'dana@example.com', subject, text: `Hello Dana,\n\n${text}\n${due}\n` },
  ]);
  expect(story.by('sms')).toMatchObject([{ to: '+12125550123', text: subject }]);
  for (const by of ['slack', 'discord'] as const) {
    expect(story.by(by)).toMatchObject([{ subject, text: expect.stringContaining(text) }]);
    expect(story.by(by)[0]!.text).toContain('12 Jan');
  }
  const atMs = demo.cloud.clock.now();
  expect(await demo.grant()).toEqual({
    ...before,
    emailReachedAtMs: atMs,
    smsReachedAtMs: atMs,
    slackReachedAtMs: atMs,
    discordReachedAtMs: atMs,
  });
  expect(await tested()).toEqual([{ outcome: 'sent', channels: 'email, sms, slack, discord', executionId }]);
});

test('a channel that refuses it is alerted, and works again as soon as it takes one', async () => {
  const story = watch(demo);
  const mend = breakMail(demo);
  await askForTest();
  expect(story.alerts()).toMatchObject([{ text: expect.stringContaining('Step: Email\n') }]);
  expect((await tested()).at(-1)).toMatchObject({ outcome: 'partly-sent', channels: 'sms, slack, discord' });
  mend();
  await askForTest();
  expect((await tested()).at(-1)).toMatchObject({ outcome: 'sent' });
  expect(story.recoveries()).toMatchObject([{ text: expect.stringContaining('Email: ConfigurationError') }]);
  expect(story.alerts()).toHaveLength(1);
});

test('where no channel takes it the operators hear of each, and get nothing to pass on', async () => {
  const story = watch(demo);
  const mend = breakMail(demo);
  for (const service of ['slack', 'discord'] as const) {
    demo.cloud.webhooks.misbehave({ service, answer: '404' });
  }
  demo.cloud.sns.optOut('+12125550123');
  await askForTest();
  expect((await tested()).at(-1)).toMatchObject({ outcome: 'not-sent', channels: '' });
  const steps = story.alerts().map((alert) => /Step: (\w+)/.exec(alert.text)?.[1] ?? alert.subject);
  expect(steps.sort()).toEqual(['Discord', 'Email', 'Slack', 'Sms']);
  mend();
  demo.cloud.webhooks.reset();
  demo.cloud.sns.optIn('+12125550123');
});

test.each([
  ['is paused', () => setInGrant(demo, 'paused', { BOOL: true })],
  ['has no client secret', () => setClientSecret(demo, 'gone')],
])('a connection that %s is tested too', async (_what, arrange) => {
  await arrange();
  const story = watch(demo);
  await askForTest();
  expect(story.by('email')).toHaveLength(1);
  await setInGrant(demo, 'paused', { BOOL: false });
  await setClientSecret(demo);
});
