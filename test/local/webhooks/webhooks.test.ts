import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { postedChannelNames, postedChannels } from '../../../core/channel.ts';
import type { PostedChannelName } from '../../../core/channel.ts';
import type { ChatNotice, PostRequest } from '../../../core/posted-channel.ts';
import { Inbox } from '../../../local/aws/inbox.ts';
import { startWebhooks } from '../../../local/webhooks/webhooks.ts';
import type { WebhookFault, Webhooks } from '../../../local/webhooks/webhooks.ts';
import { notice, url } from '../../helpers/chat-notice.ts';

let webhooks: Webhooks;
let inbox: Inbox;
let tracked: Promise<unknown>[];
const nowMs = Date.UTC(2026, 2, 8, 15);
const clock = {
  now: () => nowMs,
  track: <T>(work: Promise<T>) => {
    tracked.push(work);
    return work;
  },
};

beforeAll(async () => {
  inbox = new Inbox(clock);
  webhooks = await startWebhooks({ inbox, clock, port: 0 });
});
beforeEach(() => {
  tracked = [];
});
afterEach(() => webhooks.reset());
afterAll(() => webhooks.close());

const hmacSha256 = (key: string, text: string) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
let ids = 0;
/** A post as the channel makes it. */
function written(name: PostedChannelName, of: ChatNotice = notice, noticeId = `n${(ids += 1)}`): PostRequest {
  const delivery = { connectionId: 'schwab-main', noticeId, nowMs, hmacSha256 };
  return postedChannels[name].write(webhooks.secretOf(name), of, delivery)!;
}

async function post({ url: to, headers, body }: PostRequest, init: RequestInit = {}) {
  const response = await fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
  const reason = response.headers.get('x-embedded-cloud-reason') ?? undefined;
  return { status: response.status, reason, text: await response.text() };
}
/** Another body to the same place. */
const send = (name: PostedChannelName, body: Record<string, unknown> | string) =>
  post({ ...written(name), body });
const filed = () => inbox.list().length;

describe('what a channel writes', () => {
  test.each([
    ['slack', 200, '#grantkeeper (Slack)'],
    ['discord', 200, '#grantkeeper (Discord)'],
    ['telegram', 200, 'chat 123456789 (Telegram)'],
    ['webhook', 204, "the owner's webhook"],
  ] as const)('is taken by %s and lies in the inbox with its texts and link', async (name, status, to) => {
    const before = filed();
    expect(await post(written(name))).toMatchObject({ status });
    expect(filed()).toBe(before + 1);
    const { text, ...message } = inbox.list().at(-1)!;
    expect(message).toEqual({
      id: expect.any(String),
      at: '2026-03-08T15:00:00.000Z',
      channel: name,
      to,
      subject: notice.subject,
    });
    const texts = [...notice.sentences, ...notice.about, `${notice.button!.label}:\n${url}`];
    for (const each of texts) expect(text).toContain(each);
  });

  const hostile = fc.constantFrom(
    '<!channel>',
    '@everyone',
    '[x](http://evil)',
    '</script>',
    '\\',
    '\n# ',
    '1. ',
    ':smile:',
    '&amp;',
    'x'.repeat(1000),
    '*'.repeat(2500),
    '<'.repeat(1001),
    '😀'.repeat(150),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(hostile, fc.string()), { maxLength: 10 }).map((parts) => parts.join('')),
  );
  const anyNotice = fc.record<ChatNotice>(
    {
      kind: fc.constantFrom('invited', 'expiring', 'expired', 'restored'),
      subject: text,
      sentences: fc.array(text, { maxLength: 60 }),
      button: fc.record({ label: text, url: fc.webUrl({ withQueryParameters: true, withFragments: true }) }),
      about: fc.array(text, { maxLength: 15 }),
    },
    { requiredKeys: ['kind', 'subject', 'sentences', 'about'] },
  );

  test.each(['slack', 'discord', 'telegram'] as const)('is taken by %s whatever it says', async (name) => {
    await fc.assert(
      fc.asyncProperty(anyNotice, async (shown) => {
        expect(await post(written(name, shown))).toMatchObject({ status: 200, reason: undefined });
      }),
    );
  });
});

const plain = (length: number) => ({ type: 'plain_text', text: 'a'.repeat(length) });
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const button = (change: Record<string, unknown> = {}) => ({ type: 'button', text: plain(1), url, ...change });
const slack = (...blocks: unknown[]) => ({ blocks });
const actions = (...elements: unknown[]) => slack({ type: 'actions', elements });
const context = (...elements: unknown[]) => slack({ type: 'context', elements });
const embed = (change: Record<string, unknown>) => ({ embeds: [{ title: 'x', ...change }] });
const telegram = (change: Record<string, unknown>) => ({ chat_id: '123456789', text: 'x', ...change });

test.each([
  ['slack', 'a headline', 150, (n: number) => slack({ type: 'header', text: plain(n) })],
  ['slack', 'a paragraph', 3000, (n: number) => slack({ type: 'section', text: plain(n) })],
  ['slack', 'a label', 75, (n: number) => actions(button({ text: plain(n) }))],
  ['slack', 'an address', 3000, (n: number) => actions(button({ url: url.padEnd(n, 'x') }))],
  ['slack', 'buttons', 25, (n: number) => actions(...times(n, button()))],
  ['slack', 'texts of small print', 10, (n: number) => context(...times(n, plain(1)))],
  ['slack', 'small print', 3000, (n: number) => context(plain(n))],
  ['slack', 'blocks', 50, (n: number) => slack(...times(n, { type: 'section', text: plain(1) }))],
  [
    'slack',
    'a fallback',
    40_000,
    (n: number) => ({ ...slack({ type: 'header', text: plain(1) }), text: 'a'.repeat(n) }),
  ],
  ['discord', 'a title', 256, (n: number) => embed({ title: 'a'.repeat(n) })],
  ['discord', 'a description', 4096, (n: number) => embed({ description: 'a'.repeat(n) })],
  ['discord', 'a footer', 2048, (n: number) => embed({ footer: { text: 'a'.repeat(n) } })],
  ['discord', 'an address', 2048, (n: number) => embed({ url: url.padEnd(n, 'x') })],
  ['discord', 'a color', 0xffffff, (n: number) => embed({ color: n })],
  ['discord', 'embeds', 10, (n: number) => ({ embeds: times(n, { title: 'x' }) })],
  ['discord', 'a name', 80, (n: number) => ({ ...embed({}), username: 'n'.repeat(n) })],
  [
    'discord',
    'all embeds',
    6000,
    (n: number) => ({
      embeds: [
        { title: 'a'.repeat(256), description: 'b'.repeat(4096) },
        { description: 'c'.repeat(n - 256 - 4096) },
      ],
    }),
  ],
  ['telegram', 'a text', 4096, (n: number) => telegram({ text: 'a'.repeat(n) })],
  [
    'telegram',
    'entities',
    100,
    (n: number) => telegram({ entities: times(n, { type: 'bold', offset: 0, length: 1 }) }),
  ],
  [
    'telegram',
    'the end of an entity',
    1,
    (n: number) => telegram({ entities: [{ type: 'bold', offset: 0, length: n }] }),
  ],
] as const)('%s takes %s up to %d, and no more', async (name, _what, limit, body) => {
  expect(await send(name, body(limit))).toMatchObject({ status: 200, reason: undefined });
  const before = filed();
  expect(await send(name, body(limit + 1))).toMatchObject({ status: 400, reason: expect.any(String) });
  expect(filed()).toBe(before);
});

test.each([
  ['slack', 'nothing', {}],
  ['slack', 'no block', slack()],
  ['slack', 'an empty text', slack({ type: 'header', text: plain(0) })],
  ['slack', 'markup', slack({ type: 'section', text: { type: 'mrkdwn', text: 'x' } })],
  ['slack', 'a link of a script', actions(button({ url: 'javascript:alert(1)' }))],
  [
    'slack',
    'a mention in the fallback',
    { ...slack({ type: 'header', text: plain(1) }), text: '<!channel>' },
  ],
  ['slack', 'another block', slack({ type: 'image' })],
  ['discord', 'nothing', {}],
  ['discord', 'an empty message', embed({ title: ' ' })],
  ['discord', 'the name Clyde', { ...embed({}), username: 'aClYde' }],
  ['discord', 'a link of a script', embed({ url: 'javascript:alert(1)' })],
  ['discord', 'unknown mentions', { ...embed({}), allowed_mentions: { parse: ['all'] } }],
  ['discord', 'another field', { ...embed({}), content: 'x' }],
  ['telegram', 'nothing', {}],
  ['telegram', 'an empty text', telegram({ text: '' })],
  ['telegram', 'another chat', telegram({ chat_id: '1' })],
  ['telegram', 'a parse mode', telegram({ parse_mode: 'HTML' })],
  ['telegram', 'a button without a link', telegram({ reply_markup: { inline_keyboard: [[{ text: 'x' }]] } })],
] as const)('%s refuses %s', async (name, _what, body) => {
  const before = filed();
  expect(await send(name, body)).toMatchObject({ status: 400, reason: expect.any(String) });
  expect(filed()).toBe(before);
});

describe("the owner's webhook", () => {
  test('files a repeat once', async () => {
    const before = filed();
    expect(await post(written('webhook', notice, 'same'))).toMatchObject({ status: 204 });
    expect(await post(written('webhook', notice, 'same'))).toMatchObject({ status: 204 });
    expect(filed()).toBe(before + 1);
  });

  test.each([
    ['webhook-id', { 'webhook-id': 'another' }, 'webhook-signature does not match'],
    ['a full stop in the id', { 'webhook-id': 'a.1' }, 'no usable webhook-id'],
    ['an old time', { 'webhook-timestamp': '1' }, 'webhook-timestamp is more than five minutes off'],
    ['no signature', { 'webhook-signature': '' }, 'webhook-signature does not match'],
    ['another signature', { 'webhook-signature': 'v1,AAAA' }, 'webhook-signature does not match'],
  ])('refuses %s', async (_what, headers, reason) => {
    const signed = written('webhook');
    const changed = { ...signed, headers: { ...signed.headers, ...headers } };
    expect(await post(changed)).toMatchObject({ status: 400, reason });
  });

  test('refuses a body that was changed after it was signed', async () => {
    const signed = written('webhook');
    const changed = { ...signed, body: `${signed.body as string} ` };
    expect(await post(changed)).toMatchObject({ status: 400, reason: 'webhook-signature does not match' });
  });
});

describe.each(postedChannelNames)('%s', (name) => {
  test('wants a POST of JSON that says so, and knows its one path only', async () => {
    const usual = written(name);
    expect(await post({ ...usual, body: 'x' })).toMatchObject({ status: 400 });
    expect(await post(usual, { headers: { ...usual.headers, 'content-type': 'text/plain' } })).toMatchObject({
      status: 400,
      reason: 'the content type is not application/json',
    });
    expect(await post(usual, { method: 'PUT' })).toMatchObject({ status: 400 });
    expect(await post({ ...usual, body: 'x'.repeat(300_000) })).toMatchObject({
      reason: 'the body is too large',
    });
    expect(await post({ ...usual, url: new URL('/elsewhere', usual.url).href })).toMatchObject({
      status: 404,
    });
  });

  test('meets its planned faults in order and no other service’s', async () => {
    const answer = async () => (await post(written(name))).status;
    const plan = (fault: Partial<WebhookFault>) =>
      webhooks.misbehave({ service: name, answer: '404', times: 1, ...fault });
    plan({});
    plan({ answer: '429' });
    plan({ answer: 'html' });
    plan({ answer: '500', times: Infinity });
    const other = postedChannelNames.find((each) => each !== name)!;
    expect((await post(written(other))).status).toBeLessThan(300);
    expect([await answer(), await answer(), await answer(), await answer(), await answer()]).toEqual([
      404, 429, 502, 500, 500,
    ]);
    webhooks.reset();
    expect(await answer()).toBeLessThan(300);
  });

  test('has no credential of its own in the inbox', async () => {
    await post(written(name));
    const credential = /[\w+/=-]{24,}(?=\W*$)|\d+:[\w-]{30,}/.exec(webhooks.secretOf(name))![0];
    expect(JSON.stringify(inbox.list())).not.toContain(credential);
  });
});

test('a request holds the cloud’s time until it is answered, or until its sender goes away', async () => {
  await post(written('slack'));
  expect(tracked).toHaveLength(1);
  const before = filed();
  const sending = request(written('slack').url, { method: 'POST', headers: { 'content-length': '100' } });
  sending.on('error', () => undefined);
  sending.write('{');
  while (tracked.length === 1) await sleep(5);
  sending.destroy();
  await Promise.all(tracked);
  expect(filed()).toBe(before);
});

test('a fault may leave the request without an answer, does not hold the cloud’s time, and ends with the server', async () => {
  const track = () => {
    throw new Error('a request that hangs holds the time');
  };
  const own = await startWebhooks({ inbox, clock: { ...clock, track }, port: 0 });
  own.misbehave({ service: 'slack', answer: 'hang' });
  const to = { url: own.secretOf('slack'), body: {} };
  await expect(post(to, { signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
  const hanging = expect(post(to)).rejects.toThrow('fetch failed');
  await sleep(50);
  await own.close();
  await hanging;
});

test('another start has other secrets, and a port that is taken is said', async () => {
  const other = await startWebhooks({ inbox, clock, port: 0 });
  for (const name of postedChannelNames) expect(other.secretOf(name)).not.toBe(webhooks.secretOf(name));
  const port = Number(new URL(other.secretOf('slack')).port);
  await expect(startWebhooks({ inbox, clock, port })).rejects.toThrow('EADDRINUSE');
  await other.close();
});
