import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { discordMessage, slackMessage } from '../../core/chat-message.ts';
import type { ChatNotice } from '../../core/chat-message.ts';
import { Inbox } from '../../local/inbox.ts';
import { parseMarkdown } from '../../local/webhooks/discord-markdown.ts';
import { startWebhooks } from '../../local/webhooks/webhooks.ts';
import type { WebhookFault, Webhooks } from '../../local/webhooks/webhooks.ts';

let webhooks: Webhooks;
let inbox: Inbox;
let tracked: Promise<unknown>[];

beforeAll(async () => {
  inbox = new Inbox({ now: () => Date.UTC(2026, 2, 8, 15) });
  const track = <T>(work: Promise<T>) => {
    tracked.push(work);
    return work;
  };
  webhooks = await startWebhooks({ inbox, clock: { track }, port: 0 });
});
beforeEach(() => {
  tracked = [];
});
afterEach(() => webhooks.reset());
afterAll(() => webhooks.close());

async function post(url: string, body: unknown, init: RequestInit = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const toSlack = (body: unknown, init?: RequestInit) => post(webhooks.slackUrl, body, init);
const toDiscord = (body: unknown, init?: RequestInit) => post(webhooks.discordUrl, body, init);
const filed = () => inbox.list().length;

const url = 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy';
const kinds = ['invited', 'expiring', 'expired', 'restored'] as const;
const notice = (change: Partial<ChatNotice> = {}): ChatNotice => ({
  kind: 'expiring',
  subject: 'Log in to Charles Schwab (schwab-main)',
  sentences: ['It needs you to log in again.', 'Until Monday everything goes on working.'],
  button: { label: 'Log in to Charles Schwab', url },
  about: ['The link works until Sunday.'],
  ...change,
});

const plain = (text: string) => ({ type: 'plain_text', text });
const section = (text = 'x') => ({ type: 'section', text: plain(text) });
const button = (change: Record<string, unknown> = {}) => ({
  type: 'button',
  text: plain('x'),
  url,
  ...change,
});
const actions = (...elements: unknown[]) => ({ type: 'actions', elements });
const embed = (change: Record<string, unknown>) => ({ embeds: [{ title: 'x', ...change }] });
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

describe('an accepted message', () => {
  test('of Slack is answered ok and lies in the inbox, in plain text and as the channel shows it', async () => {
    const before = filed();
    const { status, headers, text } = await toSlack(slackMessage(notice()));
    expect({ status, text }).toEqual({ status: 200, text: 'ok' });
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(filed()).toBe(before + 1);
    expect(inbox.list().at(-1)).toMatchObject({
      at: '2026-03-08T15:00:00.000Z',
      channel: 'slack',
      to: '#grantkeeper (Slack)',
      subject: 'Log in to Charles Schwab (schwab-main)',
      text: `Log in to Charles Schwab (schwab-main)

It needs you to log in again.

Until Monday everything goes on working.

Log in to Charles Schwab:
${url}

The link works until Sunday.
`,
      html: expect.stringContaining(`<a href="${url}" rel="noreferrer"`),
    });
  });

  test('of Discord is answered without a body and lies in the inbox', async () => {
    const before = filed();
    const { status, text } = await toDiscord(discordMessage(notice({ subject: 'Log in to *Schwab*' })));
    expect({ status, text }).toEqual({ status: 204, text: '' });
    expect(filed()).toBe(before + 1);
    expect(inbox.list().at(-1)).toMatchObject({
      at: '2026-03-08T15:00:00.000Z',
      channel: 'discord',
      to: '#grantkeeper (Discord)',
      subject: 'Log in to *Schwab*',
      text: `Log in to *Schwab*

It needs you to log in again.

Until Monday everything goes on working.

Log in to Charles Schwab:
${url}

The link works until Sunday.
`,
      html: expect.stringMatching(
        /border-left:4px solid #d97706[^]+<a href="https:[^"]+Ym-Fy" rel="noreferrer"/,
      ),
    });
  });

  test('of Discord is answered with itself if one waits for it', async () => {
    const { status, text } = await post(`${webhooks.discordUrl}?wait=true`, discordMessage(notice()));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      id: String(1180000000000000000n + BigInt(filed())),
      author: { username: 'Grantkeeper', bot: true },
      embeds: [{ title: 'Log in to Charles Schwab (schwab-main)', color: 0xd97706 }],
      mentions: [],
      mention_everyone: false,
      timestamp: '2026-03-08T15:00:00.000Z',
    });
  });

  test.each(kinds)('may be of the kind %s, with and without a button', async (kind) => {
    for (const shown of [notice({ kind }), notice({ kind, button: undefined, about: [], sentences: [] })]) {
      expect((await toSlack(slackMessage(shown))).text).toBe('ok');
      expect((await toDiscord(discordMessage(shown))).status).toBe(204);
    }
  });

  test('has no secret of its webhook in the inbox', async () => {
    await toSlack(slackMessage(notice()));
    await toDiscord(discordMessage(notice()));
    const [slackSecret, discordSecret] = [webhooks.slackUrl, webhooks.discordUrl].map((each) =>
      each.split('/').at(-1)!,
    );
    expect(webhooks.slackUrl).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/services\/T00000000\/B00000000\/[A-Za-z0-9]{24}$/,
    );
    expect(webhooks.discordUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/webhooks\/\d{19}\/[\w-]{68}$/);
    expect(JSON.stringify(inbox.list())).not.toContain(slackSecret);
    expect(JSON.stringify(inbox.list())).not.toContain(discordSecret);
  });

  test('keeps the cloud’s time where it is until it is answered', async () => {
    await toSlack(slackMessage(notice()));
    expect(tracked).toHaveLength(1);
  });

  test('is none where the sender goes away before its end, which holds the cloud’s time no longer', async () => {
    const before = filed();
    const sending = request(webhooks.slackUrl, { method: 'POST', headers: { 'content-length': '100' } });
    sending.on('error', () => undefined);
    sending.write('{');
    while (tracked.length === 0) await sleep(5);
    sending.destroy();
    await expect(Promise.all(tracked)).resolves.toEqual([undefined]);
    expect(filed()).toBe(before);
  });

  test('is escaped where it is shown', async () => {
    const hostile = {
      subject: '</script><img src=x onerror=alert(1)>',
      sentences: ['"><b>'],
      about: ["'><i>"],
    };
    await toSlack(slackMessage(notice(hostile)));
    await toDiscord(discordMessage(notice(hostile)));
    for (const { html, subject } of inbox.list().slice(-2)) {
      expect(subject).toBe('</script><img src=x onerror=alert(1)>');
      expect(html).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;');
      expect(html).toContain('&quot;&gt;&lt;b&gt;');
      expect(html).not.toMatch(/<(?:script|img|b|i)\b/);
    }
  });

  test('may lack what is optional', async () => {
    expect((await toSlack({ text: 'a &amp; &lt;b&gt;\nc', blocks: [section()] })).text).toBe('ok');
    expect(inbox.list().at(-1)).toMatchObject({ subject: 'a & <b>', text: 'x\n' });
    expect((await toSlack({ blocks: [section(), actions(button({ style: 'danger' }))] })).text).toBe('ok');
    expect(inbox.list().at(-1)).toMatchObject({ subject: '', text: `x\n\nx:\n${url}\n` });
    expect((await toDiscord({ embeds: [{ description: 'x' }] })).status).toBe(204);
    expect(inbox.list().at(-1)).toMatchObject({ subject: 'Captain Hook', text: 'x\n' });
    expect((await toDiscord({ embeds: [{ title: 'x', url }] })).status).toBe(204);
    expect(inbox.list().at(-1)).toMatchObject({ subject: 'x', text: `x\n\n${url}\n` });
  });
});

describe('Slack', () => {
  test.each([
    [
      'a headline of 150 characters',
      'header',
      (count: number) => ({ type: 'header', text: plain('a'.repeat(count)) }),
      150,
    ],
    ['a paragraph of 3,000', 'section', (count: number) => section('a'.repeat(count)), 3000],
    ['a label of 75', 'label', (count: number) => actions(button({ text: plain('a'.repeat(count)) })), 75],
    [
      'an address of 3,000',
      'address',
      (count: number) => actions(button({ url: url.padEnd(count, 'x') })),
      3000,
    ],
    ['25 buttons', 'buttons', (count: number) => actions(...times(count, button())), 25],
    [
      '10 texts of small print',
      'context',
      (count: number) => ({ type: 'context', elements: times(count, plain('x')) }),
      10,
    ],
    [
      'small print of 3,000',
      'context',
      (count: number) => ({ type: 'context', elements: [plain('a'.repeat(count))] }),
      3000,
    ],
  ] as const)('takes %s and no more', async (_, __, block, limit) => {
    expect((await toSlack({ blocks: [block(limit)] })).text).toBe('ok');
    const before = filed();
    const { status, text, headers } = await toSlack({ blocks: [block(limit + 1)] });
    expect({ status, text }).toEqual({ status: 400, text: 'invalid_blocks' });
    expect(headers.get('x-embedded-cloud-reason')).toMatch(/^blocks\.0\.\S+: Too big/);
    expect(filed()).toBe(before);
  });

  test('takes 50 blocks and a fallback of 40,000 characters and no more', async () => {
    expect((await toSlack({ blocks: times(50, section()) })).text).toBe('ok');
    expect((await toSlack({ blocks: times(51, section()) })).text).toBe('invalid_blocks');
    expect((await toSlack({ text: 'a'.repeat(40_000), blocks: [section()] })).text).toBe('ok');
    expect((await toSlack({ text: 'a'.repeat(40_001), blocks: [section()] })).text).toBe('invalid_payload');
  });

  test.each([
    ['an empty text', { blocks: [section('')] }, 'blocks.0.text.text: Too small'],
    ['no block', { blocks: [] }, 'blocks: Too small'],
    ['no element', { blocks: [actions()] }, 'blocks.0.elements: Too small'],
    [
      'another block',
      { blocks: [{ type: 'divider' }] },
      'blocks.0.type: only header, section, actions and context',
    ],
    [
      'another element',
      { blocks: [actions({ type: 'datepicker' })] },
      'blocks.0.elements.0.type: only buttons',
    ],
    [
      'markup',
      { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x' } }] },
      'blocks.0.text.type: only plain_text',
    ],
    [
      'a member of a block',
      { blocks: [{ ...section(), block_id: 'x' }] },
      'blocks.0: Unrecognized key: "block_id"',
    ],
    [
      'an address of a script',
      { blocks: [actions(button({ url: 'javascript://a/%0aalert(1)' }))] },
      'blocks.0.elements.0.url: not an address',
    ],
    [
      'no address',
      { blocks: [actions(button({ url: 'https://' }))] },
      'blocks.0.elements.0.url: not an address',
    ],
    ['a text alone', { text: 'x' }, 'blocks: Invalid input: expected array'],
  ])('refuses %s as invalid blocks, and says why beside it', async (_, body, reason) => {
    const { status, text, headers } = await toSlack(body);
    expect({ status, text }).toEqual({ status: 400, text: 'invalid_blocks' });
    expect(headers.get('x-embedded-cloud-reason')).toContain(reason);
  });

  test.each([
    ['another member', { blocks: [section()], channel: '#général' }, 'Unrecognized key: "channel"'],
    ['a mention', { text: '<!channel>', blocks: [section()] }, 'text: mentions and links in the fallback'],
    ['what is not JSON', '{', 'the body is not JSON'],
    ['what is no object', '[]', 'expected object'],
    ['256 KiB and more', ' '.repeat(256 * 1024 + 1), 'the body is too large'],
  ])('refuses %s as an invalid payload', async (_, body, reason) => {
    const { status, text, headers } = await toSlack(body);
    expect({ status, text }).toEqual({ status: 400, text: 'invalid_payload' });
    expect(headers.get('x-embedded-cloud-reason')).toContain(reason);
  });

  test('wants JSON that says so, something to say, and no query', async () => {
    const body = slackMessage(notice());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      expect(await toSlack(body, { headers: { 'content-type': type } })).toMatchObject({
        text: 'invalid_payload',
      });
    }
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    expect(await toSlack(body, { headers: charset })).toMatchObject({ text: 'ok' });
    expect(await toSlack({})).toMatchObject({ status: 400, text: 'no_text' });
    expect(await post(`${webhooks.slackUrl}?x=1`, body)).toMatchObject({ text: 'invalid_payload' });
    const got = await fetch(webhooks.slackUrl);
    expect([got.status, await got.text()]).toEqual([405, 'method_not_allowed']);
  });

  test('knows its one webhook only', async () => {
    const body = slackMessage(notice());
    const { origin, pathname } = new URL(webhooks.slackUrl);
    const otherSecret = `${origin}${pathname.slice(0, -1)}${pathname.endsWith('0') ? '1' : '0'}`;
    expect(await post(otherSecret, body)).toMatchObject({ status: 403, text: 'invalid_token' });
    for (const path of [pathname.replace('T0', 'T1'), pathname.replace('B0', 'B1'), '/services/x']) {
      expect(await post(origin + path, body)).toMatchObject({ status: 404, text: 'no_service' });
    }
    expect((await post(`${origin}/other`, body)).status).toBe(404);
  });
});

describe('Discord', () => {
  const errors = async (body: unknown) => {
    const before = filed();
    const { status, text } = await toDiscord(body);
    const answer = JSON.parse(text) as { code: number; message: string; errors: unknown };
    expect({ status, code: answer.code, message: answer.message }).toEqual({
      status: 400,
      code: 50035,
      message: 'Invalid Form Body',
    });
    expect(filed()).toBe(before);
    return answer.errors;
  };
  const leaf = (code: string, message: unknown = expect.any(String)) => ({ _errors: [{ code, message }] });

  test('takes 256 characters of a title, 4,096 of a description and 2,048 of a footer or an address, and no more', async () => {
    const tooLong = (limit: number) => leaf('BASE_TYPE_MAX_LENGTH', `Must be ${limit} or fewer in length.`);
    for (const [of, limit] of [
      ['title', 256],
      ['description', 4096],
    ] as const) {
      expect((await toDiscord(embed({ [of]: 'a'.repeat(limit) }))).status).toBe(204);
      expect(await errors(embed({ [of]: 'a'.repeat(limit + 1) }))).toEqual({
        embeds: { 0: { [of]: tooLong(limit) } },
      });
    }
    expect((await toDiscord(embed({ footer: { text: 'a'.repeat(2048) } }))).status).toBe(204);
    expect(await errors(embed({ footer: { text: 'a'.repeat(2049) } }))).toEqual({
      embeds: { 0: { footer: { text: tooLong(2048) } } },
    });
    expect((await toDiscord(embed({ url: url.padEnd(2048, 'x') }))).status).toBe(204);
    expect(await errors(embed({ url: url.padEnd(2049, 'x') }))).toEqual({
      embeds: { 0: { url: tooLong(2048) } },
    });
  });

  test('takes 6,000 characters over all embeds, ten embeds and a name of 80, and no more', async () => {
    const full = (characters: number) => ({
      embeds: [
        { title: 'a'.repeat(256), description: 'b'.repeat(4096) },
        { description: 'c', footer: { text: 'd'.repeat(characters - 256 - 4096 - 1) } },
      ],
    });
    expect((await toDiscord(full(6000))).status).toBe(204);
    expect(await errors(full(6001))).toEqual({
      embeds: leaf('MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000'),
    });
    expect((await toDiscord({ embeds: times(10, { title: 'x' }) })).status).toBe(204);
    expect(await errors({ embeds: times(11, { title: 'x' }) })).toEqual({
      embeds: leaf('BASE_TYPE_MAX_LENGTH', 'Must be 10 or fewer in length.'),
    });
    expect((await toDiscord({ ...embed({}), username: 'n'.repeat(80) })).status).toBe(204);
    expect(await errors({ ...embed({}), username: 'n'.repeat(81) })).toEqual({
      username: leaf('BASE_TYPE_MAX_LENGTH', 'Must be 80 or fewer in length.'),
    });
    expect((await toDiscord(embed({ color: 0xffffff }))).status).toBe(204);
    expect(await errors(embed({ color: 0x1000000 }))).toEqual({
      embeds: {
        0: { color: leaf('NUMBER_TYPE_MAX', 'int value should be less than or equal to 16777215.') },
      },
    });
  });

  test.each([
    [
      'no name',
      { ...embed({}), username: '' },
      { username: leaf('BASE_TYPE_MIN_LENGTH', 'Must be 1 or more in length.') },
    ],
    ['the name Clyde', { ...embed({}), username: 'aClYde' }, { username: leaf('USERNAME_INVALID_CONTAINS') }],
    ['no embed', {}, { embeds: leaf('BASE_TYPE_REQUIRED', 'This field is required') }],
    ['what is no list', { embeds: 'x' }, { embeds: leaf('BASE_TYPE_INVALID', 'Expected array.') }],
    ['a negative color', embed({ color: -1 }), { embeds: { 0: { color: leaf('NUMBER_TYPE_MIN') } } }],
    [
      'an address of a script',
      embed({ url: 'javascript://a/%0aalert(1)' }),
      { embeds: { 0: { url: leaf('URL_TYPE_INVALID_URL', 'Not a well formed URL.') } } },
    ],
    [
      'unknown mentions',
      { ...embed({}), allowed_mentions: { parse: ['all'] } },
      {
        allowed_mentions: {
          parse: { 0: leaf('BASE_TYPE_CHOICES', 'Value must be one of (roles, users, everyone).') },
        },
      },
    ],
    [
      'what is not supported',
      { ...embed({ image: {} }), content: 'x' },
      { content: leaf('NOT_PLAYED'), embeds: { 0: { image: leaf('NOT_PLAYED') } } },
    ],
    [
      'markup that is not supported',
      embed({ description: '*bold*' }),
      {
        embeds: {
          0: {
            description: {
              _errors: times(2, {
                code: 'NOT_PLAYED',
                message: 'The embedded cloud does not play the markup *.',
              }),
            },
          },
        },
      },
    ],
    [
      'a link in a title',
      embed({ title: `[x](${url})` }),
      { embeds: { 0: { title: leaf('NOT_PLAYED', 'The embedded cloud does not play links in a title.') } } },
    ],
  ])('refuses %s by field', async (_, body, expected) => {
    expect(await errors(body)).toEqual(expected);
  });

  test('refuses what is no message at all', async () => {
    const answer = async (body: unknown, init?: RequestInit) => {
      const { status, text } = await toDiscord(body, init);
      return [status, JSON.parse(text)];
    };
    expect(await answer('{')).toEqual([
      400,
      { code: 50109, message: 'The request body contains invalid JSON.' },
    ]);
    expect(await answer(' '.repeat(256 * 1024 + 1))).toEqual([
      413,
      { code: 40005, message: 'Request entity too large' },
    ]);
    expect(await answer({ embeds: [{ title: ' ', footer: { text: '' } }] })).toEqual([
      400,
      { code: 50006, message: 'Cannot send an empty message' },
    ]);
    expect(await answer({ embeds: [] })).toMatchObject([400, { code: 50006 }]);
    expect(await answer(embed({}), { headers: { 'content-type': 'text/plain' } })).toMatchObject([
      400,
      { code: 50035, errors: leaf('CONTENT_TYPE_INVALID') },
    ]);
    expect(await answer(undefined, { method: 'GET', body: null })).toMatchObject([405, { code: 0 }]);
    const threaded = await post(`${webhooks.discordUrl}?wait=1&thread_id=2`, embed({}));
    expect(JSON.parse(threaded.text)).toMatchObject({
      code: 50035,
      errors: { thread_id: leaf('NOT_PLAYED') },
    });
  });

  test('knows its one webhook only', async () => {
    const { origin, pathname } = new URL(webhooks.discordUrl);
    const answer = async (path: string) => {
      const { status, text } = await post(origin + path, discordMessage(notice()));
      return [status, JSON.parse(text)];
    };
    expect(await answer(pathname.replace(/[^/]+$/, 'other'))).toEqual([
      401,
      { code: 50027, message: 'Invalid Webhook Token' },
    ]);
    expect(await answer(pathname.replace('118', '119'))).toEqual([
      404,
      { code: 10015, message: 'Unknown Webhook' },
    ]);
    expect(await answer(`${pathname}/slack`)).toEqual([404, { code: 0, message: '404: Not Found' }]);
  });

  test.each([
    ['a \\* b', [{ text: 'a * b' }]],
    ['C:\\dir \\', [{ text: 'C:\\dir \\' }]],
    [`see [a b](${url})!`, [{ text: 'see ' }, { text: 'a b', url }, { text: '!' }]],
    ['', []],
  ])('reads %j', (source, spans) => {
    expect(parseMarkdown(source)).toEqual({ spans, unsupported: [] });
  });

  test.each([
    ['_x_', ['_', '_']],
    ['@everyone and \\@here', ['@everyone']],
    ['<@1>', ['<', '>']],
    ['https://evil', ['https://']],
    [':smile: 16:30', [':smile:']],
    ['a\n # b\n- c\n1. d\n-# e', ['#', '-', '1.', '-#']],
    ['[x](javascript:1)', ['[', ']']],
    [`[*x*](${url})`, ['the label *x*']],
    [`[https://a](${url})`, ['the label https://a']],
  ])('does not play the markup of %j', (source, unsupported) => {
    expect(parseMarkdown(source).unsupported).toEqual(unsupported);
  });
});

describe('a planned fault', () => {
  const answers = async (fault: WebhookFault) => {
    webhooks.misbehave(fault);
    const before = filed();
    const { status, headers, text } = await (fault.service === 'slack' ? toSlack : toDiscord)(
      fault.service === 'slack' ? slackMessage(notice()) : discordMessage(notice()),
    );
    expect(filed()).toBe(before);
    return { status, retryAfter: headers.get('retry-after'), type: headers.get('content-type'), text };
  };
  const plainText = 'text/plain; charset=utf-8';
  const jsonType = 'application/json';
  const badGateway = {
    status: 502,
    retryAfter: null,
    type: 'text/html; charset=utf-8',
    text: expect.stringContaining('<h1>502 Bad Gateway</h1>'),
  };

  test('is answered in the service’s own words', async () => {
    expect([
      await answers({ service: 'slack', answer: '404', times: 1 }),
      await answers({ service: 'slack', answer: '429', times: 1 }),
      await answers({ service: 'slack', answer: '500', times: 1 }),
      await answers({ service: 'slack', answer: 'html', times: 1 }),
      await answers({ service: 'discord', answer: '404', times: 1 }),
      await answers({ service: 'discord', answer: '429', times: 1, retryAfterSeconds: 1.5 }),
      await answers({ service: 'discord', answer: '500', times: 1 }),
      await answers({ service: 'discord', answer: 'html', times: 1 }),
    ]).toEqual([
      { status: 404, retryAfter: null, type: plainText, text: 'no_service' },
      { status: 429, retryAfter: '30', type: plainText, text: 'rate_limited' },
      { status: 500, retryAfter: null, type: plainText, text: 'rollup_error' },
      badGateway,
      { status: 404, retryAfter: null, type: jsonType, text: '{"message":"Unknown Webhook","code":10015}' },
      {
        status: 429,
        retryAfter: '2',
        type: jsonType,
        text: '{"message":"You are being rate limited.","retry_after":1.5,"global":false}',
      },
      {
        status: 500,
        retryAfter: null,
        type: jsonType,
        text: '{"message":"500: Internal Server Error","code":0}',
      },
      badGateway,
    ]);
  });

  test('is met so many times, in order, and by its own service only', async () => {
    webhooks.misbehave({ service: 'slack', answer: '500', times: 2 });
    webhooks.misbehave({ service: 'slack', answer: '404', times: 1 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      expect((await toDiscord(discordMessage(notice()))).status).toBe(204);
      statuses.push((await toSlack(slackMessage(notice()))).status);
    }
    expect(statuses).toEqual([500, 500, 404, 200]);
  });

  test('without a number lasts until it is reset', async () => {
    webhooks.misbehave({ service: 'discord', answer: '500' });
    for (let count = 0; count < 3; count += 1) {
      expect((await toDiscord(discordMessage(notice()))).status).toBe(500);
    }
    webhooks.reset();
    expect((await toDiscord(discordMessage(notice()))).status).toBe(204);
  });

  test('may leave the request without an answer, does not hold the cloud’s time, and ends with the server', async () => {
    const own = await startWebhooks({
      inbox,
      clock: {
        track: () => {
          throw new Error('a request that hangs holds the time');
        },
      },
      port: 0,
    });
    own.misbehave({ service: 'slack', answer: 'hang' });
    const body = slackMessage(notice());
    await expect(post(own.slackUrl, body, { signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
    const hanging = expect(post(own.slackUrl, body)).rejects.toThrow('fetch failed');
    await sleep(50);
    await own.close();
    await hanging;
  });
});

test('another start has other secrets, and a port that is taken is said', async () => {
  const other = await startWebhooks({ inbox, clock: { track: (work) => work }, port: 0 });
  const secret = (address: string) => address.split('/').at(-1);
  expect(secret(other.slackUrl)).not.toBe(secret(webhooks.slackUrl));
  expect(secret(other.discordUrl)).not.toBe(secret(webhooks.discordUrl));
  const port = Number(new URL(other.slackUrl).port);
  await expect(startWebhooks({ inbox, clock: { track: (work) => work }, port })).rejects.toThrow(
    'EADDRINUSE',
  );
  await other.close();
});

describe('whatever a notice says', () => {
  const hostile = fc.constantFrom(
    '<!channel>',
    '@everyone',
    '[x](http://evil)',
    '*bold*',
    '</script>',
    '\\',
    '\n# ',
    '\n- ',
    '1. ',
    ':smile:',
    '&amp;',
    '😀',
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
      kind: fc.constantFrom(...kinds),
      subject: text,
      sentences: fc.array(text, { maxLength: 60 }),
      button: fc.record({ label: text, url: fc.webUrl({ withQueryParameters: true, withFragments: true }) }),
      about: fc.array(text, { maxLength: 15 }),
    },
    { requiredKeys: ['kind', 'subject', 'sentences', 'about'] },
  );

  test('Slack takes it and calls nobody', async () => {
    await fc.assert(
      fc.asyncProperty(anyNotice, async (shown) => {
        const message = slackMessage(shown);
        expect(message['text']).not.toMatch(/[<>]/);
        expect(JSON.stringify(message)).not.toContain('"mrkdwn"');
        expect(await toSlack(message)).toMatchObject({ status: 200, text: 'ok' });
      }),
    );
  });

  test('Discord takes it, shows it as it is written, and calls nobody', async () => {
    await fc.assert(
      fc.asyncProperty(anyNotice, async (shown) => {
        const message = discordMessage(shown);
        expect(message['allowed_mentions']).toEqual({ parse: [] });
        expect(message).not.toHaveProperty('content');
        expect(await toDiscord(message)).toMatchObject({ status: 204 });
      }),
    );
  });

  test('a short text is read back from Discord’s Markdown letter by letter', () => {
    const letter = fc.oneof(
      fc.string({ unit: 'grapheme-composite', minLength: 1, maxLength: 1 }),
      fc.constantFrom(
        '\n',
        ' ',
        '1',
        '.',
        '#',
        '-',
        '*',
        '\\',
        ':',
        '/',
        'https://',
        '@everyone',
        '[x](http://evil)',
      ),
    );
    fc.assert(
      fc.property(fc.string({ unit: letter, maxLength: 60 }), (sentence) => {
        const shown = notice({ sentences: [sentence], button: undefined });
        const { embeds } = discordMessage(shown) as { embeds: { description?: string }[] };
        const { spans, unsupported } = parseMarkdown(embeds[0]?.description ?? '');
        expect(unsupported).toEqual([]);
        expect(spans.map((span) => span.text).join('')).toBe(sentence.trim());
      }),
    );
  });
});
