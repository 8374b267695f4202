import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { channelNames, postedChannelNames } from '../../core/channel.ts';
import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, dayMs, hourMs, everyChannel, linkIn, mailOnly, minuteMs } from '../helpers/demo.ts';
import { toNextTick } from '../helpers/stored.ts';
import { breakMail, logInAnew, sleep, watch } from '../helpers/story.ts';

let demo: TestDemo;
let story: ReturnType<typeof watch>;
beforeAll(async () => {
  demo = await TestDemo.start({ configure: everyChannel });
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

/** All is well again, and the next check comes after a reminder of all channels: six hours before the end. */
beforeEach(async () => {
  const { webhooks, ses, sns } = demo.cloud;
  webhooks.reset();
  ses.decideFate('dana@example.com', 'delivered');
  sns.optIn('+12125550123');
  sns.smsSandbox = undefined;
  sns.originationNumbers = [{ phoneNumber: '+18005550100', country: 'US' }];
  for (const name of postedChannelNames) {
    await putSecretValue(demo.cloud, `grantkeeper/local/webhook/dana-${name}`, webhooks.secretOf(name));
  }
  await logInAnew(demo);
  await toAllChannels(demo);
  story = watch(demo);
});

async function toAllChannels(of: TestDemo): Promise<void> {
  const { authorizedAtMs } = (await of.grant()) as { authorizedAtMs: number };
  await sleep(of, authorizedAtMs + 7 * dayMs - 6 * hourMs - of.cloud.clock.now());
}

const outcomes = async () => {
  const { Items: items } = await demo.cloud.dynamoDb.call(
    'Query',
    {
      TableName: demo.cloud.outputs.tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :notice)',
      ExpressionAttributeValues: { ':pk': { S: 'connection#demo-main' }, ':notice': { S: 'notice#' } },
    },
    administrator,
  );
  const [newest] = (items as Record<string, { S?: string; N?: string }>[]).toSorted(
    (a, b) => Number(b.ttl!.N) - Number(a.ttl!.N),
  );
  return Object.fromEntries(channelNames.map((name) => [name, newest?.[name]?.S]));
};
const sentTo = () => channelNames.filter((channel) => story.by(channel).length > 0);
const alertOf = (step: string) => story.alerts().find(({ text }) => text.includes(`Step: ${step}\n`));

test('a notice goes over every channel of its reminder at once, with a link that works, each outcome recorded', async () => {
  await demo.advance(30 * minuteMs);
  const subject = expect.stringMatching(/^Log in to Demo Brokerage before .* GMT-5 \(demo-main\)$/);
  expect(story.by('email')).toMatchObject([{ to: 'dana@example.com', subject }]);
  expect(story.by('sms')).toMatchObject([
    { to: '+12125550123', text: expect.stringMatching(/^Log in to Demo Brokerage before .*: http:\S+$/) },
  ]);
  expect(story.by('slack')).toMatchObject([{ to: '#grantkeeper (Slack)', subject }]);
  expect(story.by('discord')).toMatchObject([{ to: '#grantkeeper (Discord)', subject }]);
  expect(story.by('telegram')).toMatchObject([{ to: 'chat 123456789 (Telegram)', subject }]);
  expect(story.by('webhook')).toMatchObject([{ to: "the owner's webhook", subject }]);
  const links = channelNames.map((by) => linkIn(story.by(by)[0]!));
  expect(new Set(links).size).toBe(1);
  expect(await outcomes()).toEqual({
    email: 'sent',
    sms: 'sent',
    slack: 'sent',
    discord: 'sent',
    telegram: 'sent',
    webhook: 'sent',
  });
  expect(story.alerts()).toEqual([]);
  expect(await demo.logIn(links[1]!)).toMatchObject({ title: 'Done: you are connected' });
});

describe('one channel that does not answer holds no other back, and is tried again alone', () => {
  test.each(['429', '500', 'html'] as const)('with %s, twice', async (answer) => {
    demo.cloud.webhooks.misbehave({ service: 'slack', answer, times: 2 });
    await toNextTick(demo);
    await demo.advance(2 * minuteMs);
    expect(story.by('email')).toHaveLength(1);
    expect(story.by('discord')).toHaveLength(1);
    expect(story.by('slack')).toHaveLength(1);
    // After 10 and after 20 seconds more; the link is another one, and both work.
    expect(Date.parse(story.by('slack')[0]!.at) - Date.parse(story.by('email')[0]!.at)).toBe(30_000);
    expect(linkIn(story.by('slack')[0]!)).not.toBe(linkIn(story.by('email')[0]!));
    expect(story.alerts()).toEqual([]);
    expect(await demo.logIn(linkIn(story.by('email')[0]!)!)).toMatchObject({ status: 200 });
  });

  test('without any answer for long: the operators get one alert, and hear when it is over', async () => {
    demo.cloud.webhooks.misbehave({ service: 'discord', answer: '429', retryAfterSeconds: 3600 });
    await toNextTick(demo);
    await demo.advance(10 * minuteMs);
    expect(sentTo()).toEqual(['email', 'sms', 'slack', 'telegram', 'webhook']);
    expect(story.by('email')).toHaveLength(1);
    expect(await outcomes()).toEqual({
      email: 'sent',
      sms: 'sent',
      slack: 'sent',
      discord: 'failed',
      telegram: 'sent',
      webhook: 'sent',
    });
    expect(alertOf('Discord')).toMatchObject({
      subject: 'Grantkeeper: demo-main: ChannelUnavailableError',
      text: expect.stringMatching(
        /Discord's webhook of demo-main answered 429[^]*What to do: The next notice tries this channel again/,
      ),
    });
    demo.cloud.webhooks.reset();
    // The last reminder, an hour before the end.
    await sleep(demo, 5 * hourMs);
    await toNextTick(demo);
    expect(story.by('discord')).toHaveLength(1);
    await demo.advance(25 * minuteMs);
    expect(story.alerts()).toHaveLength(1);
    expect(story.recoveries().map(({ text }) => text.split('\n')[3])).toEqual([
      expect.stringMatching(/^Discord: ChannelUnavailableError, since /),
    ]);
  });
});

describe('the operators hear at once of a channel that refuses, and it is not tried again', () => {
  test('a webhook that is gone', async () => {
    demo.cloud.webhooks.misbehave({ service: 'slack', answer: '404' });
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['email', 'sms', 'discord', 'telegram', 'webhook']);
    expect(alertOf('Slack')).toMatchObject({
      subject: 'Grantkeeper: demo-main: ChannelRejectedError',
      text: expect.stringContaining(
        "Slack's webhook of demo-main answered 404 (no_service). Make a new webhook and put its URL into grantkeeper/local/webhook/dana-slack.",
      ),
    });
    expect(story.alerts()).toHaveLength(1);
  });

  test.each([
    ['that leads elsewhere', 'https://evil.example.com/services/marked-webhook'],
    ['of the other service', 'https://discord.com/api/webhooks/1/marked-webhook'],
    ['that is no URL', 'marked-webhook'],
  ])('a secret with a webhook %s', async (_what, url) => {
    await putSecretValue(demo.cloud, 'grantkeeper/local/webhook/dana-slack', url);
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['email', 'sms', 'discord', 'telegram', 'webhook']);
    expect(alertOf('Slack')!.text).toContain(
      'The secret grantkeeper/local/webhook/dana-slack holds no webhook URL of Slack (https://hooks.slack.com/…). Put one into it.',
    );
    expect(JSON.stringify([story.alerts(), demo.cloud.lambda.logs])).not.toContain('marked-webhook');
  });

  test.each([
    ['telegram', 'Telegram', "Telegram's bot of demo-main answered 404."],
    ['webhook', 'Webhook', "The owner's webhook of demo-main answered 404."],
  ] as const)('%s that is gone', async (service, step, what) => {
    demo.cloud.webhooks.misbehave({ service, answer: '404' });
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(channelNames.filter((name) => name !== service));
    const { text } = alertOf(step)!;
    expect(text).toContain(what);
    expect(text).toContain(` into grantkeeper/local/webhook/dana-${service}.`);
  });

  test.each([
    ['telegram', 'Telegram', 'no Telegram bot and chat ({"bot_token": "123456:…", "chat_id": "123456789"})'],
    [
      'webhook',
      'Webhook',
      'no address and signing secret of a webhook ({"url": "https://…", "secret": "whsec_…"})',
    ],
  ] as const)('a secret that %s cannot use', async (name, step, what) => {
    const secret = `grantkeeper/local/webhook/dana-${name}`;
    await putSecretValue(demo.cloud, secret, 'marked-secret');
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(channelNames.filter((each) => each !== name));
    expect(alertOf(step)!.text).toContain(`The secret ${secret} holds ${what}. Put one into it.`);
    expect(JSON.stringify([story.alerts(), demo.cloud.lambda.logs])).not.toContain('marked-secret');
  });

  test('a telephone whose owner has opted out', async () => {
    demo.cloud.sns.optOut('+12125550123');
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['email', 'slack', 'discord', 'telegram', 'webhook']);
    expect(alertOf('Sms')!.text).toContain(
      "The owner's telephone of demo-main has opted out of text messages.",
    );
    expect(JSON.stringify([story.alerts(), demo.cloud.lambda.logs])).not.toContain('2125550123');
  });

  test('a telephone in North America, with no number of the account’s to send from', async () => {
    demo.cloud.sns.originationNumbers = [{ phoneNumber: '+491701234567', country: 'DE' }];
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['email', 'slack', 'discord', 'telegram', 'webhook']);
    expect(await outcomes()).toEqual({
      email: 'sent',
      sms: 'failed',
      slack: 'sent',
      discord: 'sent',
      telegram: 'sent',
      webhook: 'sent',
    });
    expect(alertOf('Sms')!.text).toContain(
      "The owner's telephone of demo-main is in North America, and the account has no number to send",
    );
    expect(JSON.stringify([story.alerts(), demo.cloud.lambda.logs])).not.toContain('2125550123');
  });

  test('a telephone that is not verified in the sandbox', async () => {
    demo.cloud.sns.smsSandbox = [{ phoneNumber: '+12125550123', isVerified: false }];
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['email', 'slack', 'discord', 'telegram', 'webhook']);
    expect(await outcomes()).toMatchObject({ sms: 'failed' });
    expect(alertOf('Sms')!.text).toContain('is not verified in the SMS sandbox');
  });

  test('a mail that SES does not take', async () => {
    const mend = breakMail(demo);
    await demo.advance(30 * minuteMs);
    expect(sentTo()).toEqual(['sms', 'slack', 'discord', 'telegram', 'webhook']);
    expect(alertOf('Email')!.text).toContain('sending mail for demo-main: MessageRejected');
    mend();
  });
});

test.each([
  ['suppressed', 'Email Bounced \\(OnAccountSuppressionList\\)'],
  ['bounced', 'Email Bounced \\(General\\)'],
  ['complaint', 'Email Complaint Received'],
  ['rejected', 'Email Rejected'],
] as const)('the event bus alerts a mail that SES takes and that was %s', async (fate, words) => {
  demo.cloud.ses.decideFate('dana@example.com', fate);
  await demo.advance(30 * minuteMs);
  expect(sentTo()).toEqual(channelNames.filter((name) => name !== 'email' || fate === 'complaint'));
  expect(story.alerts().map(({ text }) => text)).toEqual([
    expect.stringMatching(
      new RegExp(`^"Grantkeeper: ${words}.*did not reach the owner of demo-main by mail\\.`),
    ),
  ]);
});

test('an owner without a telephone and chats gets mail, and nothing else is tried', async () => {
  await using plain = await TestDemo.start({ configure: mailOnly });
  await plain.connect();
  await toAllChannels(plain);
  const { by, alerts } = watch(plain);
  await plain.advance(30 * minuteMs);
  expect(channelNames.filter((name) => by(name).length > 0)).toEqual(['email']);
  expect(by('email')).toHaveLength(1);
  expect(alerts()).toEqual([]);
});

test('a sender whose own address is an identity beside its domain’s sends all the same', async () => {
  await using other = await TestDemo.start({
    configure: (config) => ({
      ...config,
      'grantkeeper:mail': { from: 'grantkeeper@mail.example.com', identity: 'example.com' },
    }),
  });
  other.cloud.ses.addIdentity('grantkeeper@mail.example.com');
  const heard = watch(other);
  await other.advance(30 * minuteMs);
  expect(heard.by('email')).toMatchObject([{ to: 'dana@example.com' }]);
});

test('that it has ended goes over all channels, and that it is back', async () => {
  await sleep(demo, 6 * hourMs);
  await demo.advance(30 * minuteMs);
  expect(sentTo()).toEqual(['email', 'sms', 'slack', 'discord', 'telegram', 'webhook']);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 200 });
  await demo.cloud.clock.idle();
  for (const channel of channelNames) {
    const { subject, text } = story.by(channel).at(-1)!;
    expect(channel === 'sms' ? text : subject).toBe('Demo Brokerage works again (demo-main)');
  }
});
