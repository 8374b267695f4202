import { describe, expect, test } from '@jest/globals';

import { telegram, telegramMessage } from '../../core/channel-telegram.ts';
import type { ChatNotice } from '../../core/posted-channel.ts';
import { notice, restored, url } from '../helpers/chat-notice.ts';

const token = '123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11';
const delivery = { connectionId: 'schwab-main', noticeId: 'n1', nowMs: 0, hmacSha256: () => '' };
const textOf = (change: Partial<ChatNotice>) =>
  (telegramMessage({ ...notice, ...change }, '42') as { text: string }).text;

test('a notice is one text with a bold subject and a button, without markup and preview', () => {
  expect(telegramMessage(notice, '42')).toEqual({
    chat_id: '42',
    text: `Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)

The connection schwab-main to Charles Schwab needs you to log in again.

Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.

The link works until Sun 8 Mar, 11:50 GMT-4.`,
    entities: [{ type: 'bold', offset: 0, length: 68 }],
    reply_markup: { inline_keyboard: [[{ text: 'Log in to Charles Schwab', url }]] },
    link_preview_options: { is_disabled: true },
    protect_content: true,
  });
});

test('a notice without a link has no keyboard', () => {
  expect(telegramMessage(restored, '42')).toEqual({
    chat_id: '42',
    text: 'It works again',
    entities: [{ type: 'bold', offset: 0, length: 14 }],
    link_preview_options: { is_disabled: true },
    protect_content: true,
  });
});

test('a text has at most 4,096 characters, and is shown as it is written', () => {
  expect(textOf({ sentences: ['a'.repeat(10_000)] })).toHaveLength(4096);
  expect(textOf({ sentences: ['<b>*x*_&amp;'], about: [], subject: 'S' })).toBe('S\n\n<b>*x*_&amp;');
  const long = telegramMessage({ ...notice, subject: 'a'.repeat(2000) }, '42');
  expect(long.entities).toEqual([{ type: 'bold', offset: 0, length: 1024 }]);
});

describe('the secret', () => {
  const urlFor = (secret: unknown) =>
    telegram.write(typeof secret === 'string' ? secret : JSON.stringify(secret), notice, delivery)?.url;

  test('leads to the Bot API, or to a stand-in on loopback', () => {
    expect(urlFor({ bot_token: token, chat_id: '-1001234567890' })).toBe(
      `https://api.telegram.org/bot${token}/sendMessage`,
    );
    expect(urlFor({ bot_token: token, chat_id: '1', api_url: 'http://127.0.0.1:8185' })).toBe(
      `http://127.0.0.1:8185/bot${token}/sendMessage`,
    );
  });

  test.each([
    ['no JSON', token],
    ['null', 'null'],
    ['no chat', { bot_token: token }],
    ['a public channel', { bot_token: token, chat_id: '@everybody' }],
    ['a number for a chat', { bot_token: token, chat_id: 1 }],
    ['no token', { chat_id: '1' }],
    ['a token that would change the path', { bot_token: `${token}/../x`, chat_id: '1' }],
    ['another host', { bot_token: token, chat_id: '1', api_url: 'https://evil.example.com' }],
  ])('with %s is refused', (_what, secret) => {
    expect(urlFor(secret)).toBeUndefined();
  });
});

test('only its own success is taken, and only known reasons are shown', () => {
  expect(telegram.isTaken(200, '{"ok":true,"result":{}}')).toBe(true);
  expect(telegram.isTaken(200, '{"ok":false}')).toBe(false);
  expect(telegram.isTaken(200, '<html>')).toBe(false);
  expect(telegram.isTaken(403, '{"ok":true}')).toBe(false);
  const description = 'Forbidden: bot was blocked by the user';
  expect(telegram.reasonOf(JSON.stringify({ ok: false, description }))).toBe('bot was blocked by the user');
  expect(telegram.reasonOf(token)).toBeUndefined();
});
