import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { discordMessage, slackMessage } from '../../core/chat-message.ts';
import type { ChatNotice } from '../../core/chat-message.ts';

const url = 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy';
const notice: ChatNotice = {
  kind: 'expiring',
  subject: 'Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)',
  sentences: [
    'The connection schwab-main to Charles Schwab needs you to log in again.',
    'Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.',
  ],
  button: { label: 'Log in to Charles Schwab', url },
  about: ['The link works until Sun 8 Mar, 11:50 GMT-4.'],
};
const restored: ChatNotice = { kind: 'restored', subject: 'It works again', sentences: [], about: [] };

interface SlackBlock {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly elements?: readonly { readonly text: unknown; readonly style?: string; readonly url?: string }[];
}
const slack = (change: Partial<ChatNotice> = {}) =>
  slackMessage({ ...notice, ...change }) as { readonly text: string; readonly blocks: readonly SlackBlock[] };
const sections = (change: Partial<ChatNotice>) =>
  slack(change).blocks.flatMap(({ type, text }) => (type === 'section' ? [text!.text] : []));

interface DiscordEmbed {
  readonly title: string;
  readonly url?: string;
  readonly description: string;
  readonly color: number;
  readonly footer?: { readonly text: string };
}
const discord = (change: Partial<ChatNotice> = {}) =>
  (discordMessage({ ...notice, ...change }) as { readonly embeds: readonly [DiscordEmbed] }).embeds[0];

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

  test('that all is well again is a headline alone, or has a button that does not call', () => {
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

describe('in Discord a notice', () => {
  test('is one embed with a bar, one link and a footer, and calls nobody', () => {
    expect(discordMessage(notice)).toEqual({
      username: 'Grantkeeper',
      embeds: [
        {
          title: 'Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)',
          url: 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy',
          description: `The connection schwab-main to Charles Schwab needs you to log in again.

Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.

[Log in to Charles Schwab](https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy)`,
          color: 0xd97706,
          footer: { text: 'The link works until Sun 8 Mar, 11:50 GMT-4.' },
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  test('that all is well again may be a title alone', () => {
    expect(discordMessage(restored)).toEqual({
      username: 'Grantkeeper',
      embeds: [{ title: 'It works again', color: 0x15803d }],
      allowed_mentions: { parse: [] },
    });
  });

  test.each([
    ['invited', 0x1a56db],
    ['expiring', 0xd97706],
    ['expired', 0xdc2626],
    ['restored', 0x15803d],
    ['test', 0x64748b],
  ] as const)('of the kind %s has a color of its own meaning', (kind, color) => {
    expect(discord({ kind }).color).toBe(color);
  });

  test.each([
    [
      '*bold* _it_ ~~no~~ ||spoiler|| `code`',
      '\\*bold\\* \\_it\\_ \\~\\~no\\~\\~ \\|\\|spoiler\\|\\| \\`code\\`',
    ],
    ['[x](http://evil) https://evil', '\\[x\\](http\\://evil) https\\://evil'],
    ['@everyone <@1> <t:1> </script>', '\\@everyone \\<\\@1\\> \\<t:1\\> \\</script\\>'],
    ['16:30:00 or :smile: or : so', '16\\:30:00 or \\:smile: or : so'],
    ['C:\\*', 'C:\\\\\\*'],
    ['# one\n ## two\n-# small', '\\# one\n \\## two\n\\-# small'],
    ['- a\n+ b\n1. c\n2) d\n> e', '\\- a\n\\+ b\n1\\. c\n2\\) d\n\\> e'],
    ['well-known, 1.5 + 2 = #3', 'well-known, 1\\.5 + 2 = #3'.replace('1\\.', '1.')],
    ['schwab-main 😀 ¯\\_(ツ)_/¯', 'schwab-main 😀 ¯\\\\\\_(ツ)\\_/¯'],
  ])('shows %j as it is written', (text, escaped) => {
    expect(discord({ subject: text.replaceAll('\n', ' ') }).title).toMatch(/^[^\n]+$/);
    expect(discord({ sentences: [text], button: undefined }).description).toBe(escaped);
    expect(discord({ about: [text] }).footer?.text).toBe(text);
  });

  test('has a label without what Discord would not show literally there', () => {
    const label = (text: string) =>
      /\[(.*)\]\(/.exec(discord({ button: { label: text, url } }).description)?.[1];
    expect(label('Log in to *AT&T* [x](http://evil) :smile:')).toBe('Log in to AT&T x http evil smile');
    expect(label('<@1>\n@everyone')).toBe('1 everyone');
    expect(label('**')).toBe('Open');
    expect(label('a'.repeat(81))).toBe(`${'a'.repeat(79)}…`);
  });

  test('has an address that does not end the link early, or none if it is too long', () => {
    const linked = (to: string) => discord({ sentences: [], button: { label: 'x', url: to } });
    expect(linked('https://a.example/(b)[c] d<e>').description).toBe(
      '[x](https://a.example/%28b%29%5Bc%5D%20d%3Ce%3E)',
    );
    expect(linked(url.padEnd(2048, 'x')).url).toHaveLength(2048);
    expect(linked(url.padEnd(2049, 'x'))).toEqual({
      title: notice.subject,
      color: 0xd97706,
      footer: { text: 'The link works until Sun 8 Mar, 11:50 GMT-4.' },
    });
  });

  test('keeps to 256 characters of a title, 4,096 of a description and 6,000 together', () => {
    expect(discord({ subject: 'a'.repeat(256) }).title).toBe('a'.repeat(256));
    expect(discord({ subject: 'a'.repeat(257) }).title).toBe(`${'a'.repeat(255)}…`);
    const long = 'a'.repeat(10_000);
    const { title, description, footer } = discord({ subject: long, sentences: [long], about: [long] });
    expect(description).toHaveLength(4096);
    expect(description).toMatch(/a…\n\n\[Log in to Charles Schwab\]\(https:\S+\/Zm9v_Ym-Fy\)$/);
    expect(footer?.text).toBe(`${'a'.repeat(1647)}…`);
    expect(title.length + description.length + footer!.text.length).toBe(6000);
  });

  test('never ends within a character or an escape', () => {
    const title = (subject: string) => discord({ subject }).title.slice(252);
    expect(title(`${'a'.repeat(254)}😀`)).toBe('aa😀');
    expect(title(`${'a'.repeat(254)}😀b`)).toBe('aa…');
    expect(title(`${'a'.repeat(254)}*`)).toBe('aa\\*');
    expect(title(`${'a'.repeat(254)}*b`)).toBe('aa…');
    expect(title(`${'a'.repeat(252)}\\*b`)).toBe('\\\\…');
    expect(title(`${'a'.repeat(253)}\\b`)).toBe('a\\\\b');
    expect(title(`${'a'.repeat(253)}\\bc`)).toBe('a\\\\…');
  });
});

test('whatever the texts, the bodies are well-formed and hold no control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })), (subject, texts) => {
      const change = { subject, sentences: texts, button: { label: subject, url }, about: texts };
      for (const body of [slackMessage({ ...notice, ...change }), discordMessage({ ...notice, ...change })]) {
        const written = JSON.stringify(body);
        expect(written).not.toMatch(/\\u(?:d[89a-f]|00)/);
        expect(JSON.parse(written)).toEqual(body);
      }
    }),
  );
});

describe('lines and control characters', () => {
  test('are spaces in a headline and on a button; small print keeps its lines', () => {
    const embed = discord({
      subject: 'two\nlines\u0000here',
      button: { label: 'Log\nin', url },
      about: ['One.', 'Two.'],
    });
    expect(embed.title).toBe('two lines here');
    expect(embed.description).toContain(`[Log in](${url})`);
    expect(embed.footer).toEqual({ text: 'One.\nTwo.' });
  });

  test('a number is a list’s at the start of a line alone', () => {
    const { description } = discord({ sentences: ['12. twelve', 'v1.2'], button: undefined });
    expect(description).toBe('12\\. twelve\n\nv1.2');
  });
});
