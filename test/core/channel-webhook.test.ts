import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';

import { webhook, webhookPayload } from '../../core/channel-webhook.ts';
import { notice, restored, url } from '../helpers/chat-notice.ts';

const hmacSha256 = (key: string, text: string) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
const delivery = {
  connectionId: 'schwab-main',
  noticeId: 'a1b2c3d4e5f6a7b8c9d0',
  nowMs: Date.UTC(2026, 2, 8, 15, 0, 0, 999),
  hmacSha256,
};
const address = 'https://owner.example.com/grants?team=1';
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const write = (holds: unknown) =>
  webhook.write(typeof holds === 'string' ? holds : JSON.stringify(holds), restored, delivery);

test('the payload has type, time and data', () => {
  expect(webhookPayload(notice, delivery)).toEqual({
    type: 'notice.expiring',
    timestamp: '2026-03-08T15:00:00.999Z',
    data: {
      connection_id: 'schwab-main',
      subject: 'Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)',
      sentences: [
        'The connection schwab-main to Charles Schwab needs you to log in again.',
        'Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.',
      ],
      link: { label: 'Log in to Charles Schwab', url },
      about: ['The link works until Sun 8 Mar, 11:50 GMT-4.'],
    },
  });
});

test('a post is signed over id, time and body', () => {
  const body =
    '{"type":"notice.restored","timestamp":"2026-03-08T15:00:00.999Z","data":{"connection_id":"schwab-main","subject":"It works again","sentences":[],"about":[]}}';
  const signed = `a1b2c3d4e5f6a7b8c9d0.1772982000.${body}`;
  expect(write({ url: address, secret })).toEqual({
    url: address,
    headers: {
      'webhook-id': 'a1b2c3d4e5f6a7b8c9d0',
      'webhook-timestamp': '1772982000',
      'webhook-signature': `v1,${hmacSha256('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', signed)}`,
    },
    body,
  });
});

test('the key is the example of the specification’s own libraries', () => {
  // https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries: "sign function works"
  const text = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
  expect(hmacSha256('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', text)).toBe(
    'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

describe('the secret', () => {
  const key = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;

  test('leads to https, or to loopback', () => {
    expect(write({ url: 'http://localhost:9000/x', secret })?.url).toBe('http://localhost:9000/x');
    expect(write({ url: 'https://10.0.0.1/x', secret })?.url).toBe('https://10.0.0.1/x');
  });

  test('has a key of 24 to 64 bytes', () => {
    const isUsable = (bytes: number) => write({ url: address, secret: key(bytes) }) !== undefined;
    expect([23, 24, 25, 26, 64, 65].map(isUsable)).toEqual([false, true, true, true, true, false]);
  });

  test.each([
    ['an address alone', address],
    ['no address', { secret }],
    ['no key', { url: address }],
    ['plain http', { url: 'http://owner.example.com/', secret }],
    ['a password in the address', { url: 'https://a:b@owner.example.com/', secret }],
    ['a key without its prefix', { url: address, secret: secret.slice('whsec_'.length) }],
    ['a key that is no base64', { url: address, secret: 'whsec_!!!!' }],
  ])('with %s is refused', (_what, holds) => {
    expect(write(holds)).toBeUndefined();
  });
});

test('any success is taken, and no word of the answer is shown', () => {
  expect([199, 200, 204, 299, 302, 410].map((status) => webhook.isTaken(status, ''))).toEqual([
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(webhook.reasonOf(secret)).toBeUndefined();
});
