import { describe, expect, test } from '@jest/globals';

import { slack as channel, slackMessage } from '../../core/channel-slack.ts';
import type { ChatNotice } from '../../core/posted-channel.ts';
import { notice, restored, url } from '../helpers/chat-notice.ts';

interface SlackBlock {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly elements?: readonly { readonly text: unknown; readonly style?: string; readonly url?: string }[];
}
const slack = (change: Partial<ChatNotice> = {}) =>
  slackMessage({ ...notice, ...change }) as { readonly text: string; readonly blocks: readonly SlackBlock[] };
const sections = (change: Partial<ChatNotice>) =>
  slack(change).blocks.flatMap(({ type, text }) => (type === 'section' ? [text!.text] : []));

describe('in Slack a notice', () => {
  test('has a headline, paragraphs, one green button and small print, none of them markup', () => {
    expect(slackMessage(notice)).toEqual({
      text: `Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)
The connection schwab-main to Charles Schwab needs you to log in again.
Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.`,
      blocks: [
        {
          type: 'header',
          text: {
            type: 'plain_text',
            text: 'Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)',
            emoji: false,
          },
        },
        {
          type: 'section',
          text: {
            type: 'plain_text',
            text: 'The connection schwab-main to Charles Schwab needs you to log in again.',
            emoji: false,
          },
        },
        {
          type: 'section',
          text: {
            type: 'plain_text',
            text: 'Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.',
            emoji: false,
          },
        },
        {
          type: 'actions',
          elements: [
            {
              type: 'button',
              text: { type: 'plain_text', text: 'Log in to Charles Schwab', emoji: false },
              url: 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy',
              style: 'primary',
            },
          ],
        },
        {
          type: 'context',
          elements: [
            { type: 'plain_text', text: 'The link works until Sun 8 Mar, 11:50 GMT-4.', emoji: false },
          ],
        },
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  test('of a restored grant is a headline alone, or has a button in no special style', () => {
    expect(slackMessage(restored)).toEqual({
      text: 'It works again',
      blocks: [{ type: 'header', text: { type: 'plain_text', text: 'It works again', emoji: false } }],
      unfurl_links: false,
      unfurl_media: false,
    });
    const [, button] = slack({ ...restored, button: { label: 'Look', url } }).blocks;
    expect(button?.elements).toEqual([
      { type: 'button', text: { type: 'plain_text', text: 'Look', emoji: false }, url },
    ]);
  });

  test('calls nobody: in the one text that is markup what is control characters there is escaped', () => {
    const { text, blocks } = slack({ subject: '<!channel> & </script>', sentences: ['<@U1> *bold*'] });
    expect(text).toBe('&lt;!channel&gt; &amp; &lt;/script&gt;\n&lt;@U1&gt; *bold*');
    expect(blocks[0]?.text?.text).toBe('<!channel> & </script>');
    expect(blocks[1]?.text?.text).toBe('<@U1> *bold*');
  });

  test('keeps to 150 characters of a headline, 3,000 of a paragraph and 75 of a label', () => {
    expect(slack({ subject: 'a'.repeat(150) }).blocks[0]?.text?.text).toBe('a'.repeat(150));
    expect(slack({ subject: 'a'.repeat(151) }).blocks[0]?.text?.text).toBe(`${'a'.repeat(149)}…`);
    expect(sections({ sentences: ['a'.repeat(3000), 'a'.repeat(10_000)] })).toEqual([
      'a'.repeat(3000),
      `${'a'.repeat(2999)}…`,
    ]);
    const long = slack({ button: { label: 'a'.repeat(76), url }, about: ['b'.repeat(3001)] }).blocks.slice(3);
    expect(long.map(({ elements }) => elements)).toMatchObject([
      [{ text: { text: `${'a'.repeat(74)}…` } }],
      [{ text: `${'b'.repeat(2999)}…` }],
    ]);
  });

  test('keeps to 4,000 characters of markup, and ends with a whole escape', () => {
    expect(slack({ sentences: ['a'.repeat(10_000)] }).text).toHaveLength(4000);
    const ending = (length: number) =>
      slack({ subject: 'x'.repeat(length), sentences: ['&&&'] }).text.slice(3985);
    expect(ending(3984)).toBe('&amp;&amp;&amp;');
    expect(ending(3985)).toBe('\n&amp;&amp;…');
    expect(ending(3989)).toBe('xxxx\n&amp;…');
    expect(ending(3990)).toBe('xxxxx\n&amp;…');
  });

  test('never ends within a character', () => {
    const header = (subject: string) => slack({ subject }).blocks[0]?.text?.text;
    expect(header(`${'a'.repeat(148)}😀`)).toBe(`${'a'.repeat(148)}😀`);
    expect(header(`${'a'.repeat(148)}😀b`)).toBe(`${'a'.repeat(148)}…`);
    expect(header(`${'a'.repeat(147)}😀bb`)).toBe(`${'a'.repeat(147)}😀…`);
  });

  test('has at most 50 blocks and 10 texts of small print; what is too much goes into the last', () => {
    const numbers = Array.from({ length: 60 }, (_, index) => String(index));
    const { blocks } = slack({ sentences: numbers, about: numbers.slice(0, 12) });
    expect(blocks).toHaveLength(50);
    expect(blocks[47]?.text?.text).toBe('46\n47\n48\n49\n50\n51\n52\n53\n54\n55\n56\n57\n58\n59');
    expect(blocks[49]?.elements?.map(({ text }) => text)).toEqual('0 1 2 3 4 5 6 7 8 9\n10\n11'.split(' '));
    expect(sections({ sentences: numbers.slice(0, 47) })).toEqual(numbers.slice(0, 47));
  });

  test('leaves out what is empty, and an address that is too long to be a link', () => {
    const { blocks } = slack({
      subject: ' \u0000 ',
      sentences: ['', ' \n\t'],
      button: { label: ' ', url },
      about: ['\u0007'],
    });
    expect(blocks).toMatchObject([
      { type: 'header', text: { text: 'Grantkeeper' } },
      { type: 'actions', elements: [{ text: { text: 'Open' } }] },
    ]);
    const types = (length: number) =>
      slack({ button: { label: 'x', url: url.padEnd(length, 'x') } }).blocks.map(({ type }) => type);
    expect(types(3000)).toContain('actions');
    expect(types(3001)).not.toContain('actions');
  });
});

describe('its secret and its answers', () => {
  const delivery = { connectionId: 'schwab-main', noticeId: 'n1', nowMs: 0, hmacSha256: () => '' };
  const urlFor = (secret: string) => channel.write(secret, notice, delivery)?.url;

  test('the secret leads to Slack, or to loopback', () => {
    expect(urlFor(' https://hooks.slack.com/services/T0/B0/x\n')).toBe(
      'https://hooks.slack.com/services/T0/B0/x',
    );
    expect(urlFor('http://127.0.0.1:8185/services/x')).toBe('http://127.0.0.1:8185/services/x');
    expect(urlFor('https://hooks.slack.com.evil.example/x')).toBeUndefined();
    expect(urlFor('http://hooks.slack.com/x')).toBeUndefined();
    expect(urlFor('')).toBeUndefined();
  });

  test('only `ok` is taken, and only a word of Slack’s is shown', () => {
    expect(channel.isTaken(200, 'ok\n')).toBe(true);
    expect(channel.isTaken(200, '<html>')).toBe(false);
    expect(channel.isTaken(500, 'ok')).toBe(false);
    expect(channel.reasonOf('no_service')).toBe('no_service');
    expect(channel.reasonOf('<html>')).toBeUndefined();
  });
});
