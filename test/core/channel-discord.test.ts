import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { discord as channel, discordMessage } from '../../core/channel-discord.ts';
import type { ChatNotice } from '../../core/posted-channel.ts';
import { notice, restored, url } from '../helpers/chat-notice.ts';

interface DiscordEmbed {
  readonly title: string;
  readonly url?: string;
  readonly description: string;
  readonly color: number;
  readonly footer?: { readonly text: string };
}
const discord = (change: Partial<ChatNotice> = {}) =>
  (discordMessage({ ...notice, ...change }) as { readonly embeds: readonly [DiscordEmbed] }).embeds[0];

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

  test('of a restored grant may be a title alone', () => {
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

test('a text is read back from Discord’s escapes letter by letter', () => {
  const part = fc.constantFrom(
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
    '@everyone',
    '[x](http://evil)',
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.oneof(part, fc.string({ maxLength: 1 })), maxLength: 60 }),
      (sentence) => {
        const shown = discord({ sentences: [sentence], button: undefined });
        const { description = '' } = shown as { readonly description?: string };
        expect(description.replace(/\\([^0-9A-Za-z\s])/g, '$1')).toBe(sentence.trim());
        // Nothing is left that Discord would take for markup anywhere in a line.
        expect(description.replace(/\\[^0-9A-Za-z\s]/g, ' ')).not.toMatch(/[*_~`|<>[\]@\\]|:\/\//);
      },
    ),
  );
});

describe('its secret and its answers', () => {
  const delivery = { connectionId: 'schwab-main', noticeId: 'n1', nowMs: 0, hmacSha256: () => '' };
  const urlFor = (secret: string) => channel.write(secret, notice, delivery)?.url;

  test('the secret leads to Discord, which answers once the message is stored', () => {
    expect(urlFor('https://discord.com/api/webhooks/1/x')).toBe(
      'https://discord.com/api/webhooks/1/x?wait=true',
    );
    expect(urlFor('https://hooks.slack.com/services/x')).toBeUndefined();
  });

  test('200 and 204 are taken, and only a code is shown', () => {
    expect([200, 204, 202, 404].map((status) => channel.isTaken(status, ''))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(channel.reasonOf('{"message": "Unknown Webhook", "code": 10015}')).toBe('10015');
    expect(channel.reasonOf('<html>')).toBeUndefined();
  });
});
