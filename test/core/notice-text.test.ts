import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Html, html } from '../../core/html.ts';
import { formatInstant, mailOf, noticeKind, smsOf, unreached, writeNotice } from '../../core/notice-text.ts';
import { ms, schwab } from '../helpers/core-samples.ts';

const neededAtMs = ms('2026-03-09T15:00:00Z');
const link = {
  url: 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9vYmFy',
  expiresAtMs: ms('2026-03-08T15:50:00Z'),
};

const mailAbout = (...given: Parameters<typeof writeNotice>) => mailOf(writeNotice(...given));

describe('a notice', () => {
  test('before the end says by when, in the owner’s time, and has the link once', () => {
    const notice = mailAbout(schwab, { kind: 'expiring', neededAtMs, link });
    expect(notice.subject).toBe('Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)');
    expect(notice.text).toBe(
      `Hello Dana,

The connection schwab-main to Charles Schwab needs you to log in again.
It works until Mon 9 Mar, 11:00 GMT-4. If you have not logged in by then, it stops.

${link.url}

The link works until Sun 8 Mar, 11:50 GMT-4. It leads you to Charles Schwab. Enter your password only there.
`,
    );
    expect(notice.html.split(`href="${link.url}"`)).toHaveLength(2);
    expect(notice.html).toContain('>Log in to Charles Schwab</a');
    expect(notice.html).toContain(
      '<p style="font-size:14px">The link works until Sun 8 Mar, 11:50 GMT-4. It leads you',
    );
    expect(notice.html).toContain('<p>Hello Dana,</p>');
    expect(notice.html).toContain('It works until Mon 9 Mar, 11:00 GMT-4.');
  });

  test('without a deadline asks for a login', () => {
    const notice = mailAbout(schwab, { kind: 'expiring', link });
    expect(notice.subject).toBe('Log in to Charles Schwab again (schwab-main)');
    expect(notice.text).toMatch(/needs you to log in again\.\n\nhttps:/);
  });

  test('of the first login invites', () => {
    const owner = { email: 'dana@example.com', timeZone: 'UTC' };
    const notice = mailAbout({ ...schwab, owner }, { kind: 'invited', link });
    expect(notice.subject).toBe('Connect Charles Schwab (schwab-main)');
    expect(notice.text).toMatch(
      /^Hello,\n\nLog in to Charles Schwab once to connect schwab-main\. Grantkeeper then keeps the connection working/,
    );
    expect(notice.text).toContain('The link works until Sun 8 Mar, 15:50 UTC.');
  });

  test('after the end says what has stopped', () => {
    const notice = mailAbout(schwab, { kind: 'expired', link });
    expect(notice.subject).toBe('schwab-main is disconnected. Log in to Charles Schwab to restore it');
    expect(notice.text).toContain('has stopped working. Log in to restore it.');
  });

  test('of a test says so, that no action is needed, and until when the connection works', () => {
    const notice = mailAbout(schwab, { kind: 'test', deadlineMs: neededAtMs });
    expect(notice.subject).toBe('Test message: no action needed (Charles Schwab, schwab-main)');
    expect(notice.text).toBe(
      `Hello Dana,

This message tests whether notices about the connection schwab-main to Charles Schwab reach you. You need not do anything.
Your next login is due before Mon, 9 Mar 2026, 11:00 GMT-4.
`,
    );
    expect(notice.html).not.toContain('href');
    expect(mailAbout(schwab, { kind: 'test' }).text).toMatch(/You need not do anything\.\n$/);
    expect(new Html(notice.html).toText()).toMatch(/11:00 GMT-4\.$/);
    expect(smsOf(writeNotice(schwab, { kind: 'test' }))).toBe(
      'Test message: no action needed (Charles Schwab, schwab-main)',
    );
  });

  test('of a restored grant needs no link', () => {
    const notice = mailAbout(schwab, { kind: 'restored', deadlineMs: neededAtMs });
    expect(notice).toMatchObject({
      subject: 'Charles Schwab works again (schwab-main)',
      text: 'Hello Dana,\n\nThe connection schwab-main to Charles Schwab works again.\nYour next login is due before Mon, 9 Mar 2026, 11:00 GMT-4.\n',
    });
    expect(notice.html).not.toContain('<a');
    expect(mailAbout(schwab, { kind: 'restored' }).text).not.toContain('due');
  });

  test('escapes every text in HTML, and nowhere else', () => {
    const owner = { name: `<b>"O'Hara" & co</b>`, email: 'o@example.com', timeZone: 'UTC' };
    const provider = { ...schwab.provider, displayName: '<i>Bank</i>' };
    const notice = mailAbout({ ...schwab, owner, provider }, { kind: 'expiring', neededAtMs, link });
    expect(notice.text).toContain(`Hello <b>"O'Hara" & co</b>,`);
    expect(notice.html).toContain('Hello &lt;b&gt;&quot;O&#39;Hara&quot; &amp; co&lt;/b&gt;,');
    expect(notice.html).not.toMatch(/<b>|<i>/);
  });

  test.each([
    ['first-login', 'invited'],
    ['expiring', 'expiring'],
    ['reminder', 'expiring'],
    ['requested', 'expiring'],
    ['expired', 'expired'],
    ['rejected', 'expired'],
  ] as const)('that asks because of %s is of the kind %s', (reason, kind) => {
    expect(noticeKind(reason)).toBe(kind);
  });

  test('has the hour of the owner’s zone, summer or winter', () => {
    expect(formatInstant(ms('2026-01-09T15:00:00Z'), 'America/New_York')).toBe('Fri 9 Jan, 10:00 GMT-5');
    expect(formatInstant(ms('2026-07-09T22:00:00Z'), 'Asia/Kolkata')).toBe('Fri 10 Jul, 03:30 GMT+5:30');
  });

  test('as a text message is its subject and the link', () => {
    expect(smsOf(writeNotice(schwab, { kind: 'expiring', neededAtMs, link }))).toBe(
      `Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main): ${link.url}`,
    );
    expect(smsOf(writeNotice(schwab, { kind: 'restored' }))).toBe('Charles Schwab works again (schwab-main)');
  });

  test('that reached nobody gives the operators the cause, the owner’s name and the link', () => {
    const notice = writeNotice(schwab, { kind: 'expired', link });
    const failures = ['email: sending mail for schwab-main: MessageRejected', 'sms: failed before'];
    expect(unreached(schwab, notice, failures)).toEqual({
      subject: 'Grantkeeper: schwab-main: the owner could not be reached',
      text: `No channel reached the owner of schwab-main:
- email: sending mail for schwab-main: MessageRejected
- sms: failed before

Please pass this on to Dana (dana@example.com) and to nobody else:

The connection schwab-main to Charles Schwab has stopped working. Log in to restore it.
${link.url}
The link works until Sun 8 Mar, 11:50 GMT-4. It leads you to Charles Schwab. Enter your password only there.
`,
    });
    const { text } = unreached(
      { ...schwab, owner: { ...schwab.owner, name: undefined } },
      writeNotice(schwab, { kind: 'restored' }),
      [],
    );
    expect(text).toContain('Please pass this on to dana@example.com and');
    expect(text).not.toContain('http');
    expect(text).toMatch(/works again\.\n$/);
  });
});

describe('html', () => {
  test('escapes every value that is not HTML already', () => {
    expect(html`<p title="${`"'`}">${'<&>'} ${7}</p>`.toString()).toBe(
      '<p title="&quot;&#39;">&lt;&amp;&gt; 7</p>',
    );
    expect(html`<ul>${['<a>', 'b'].map((item) => html`<li>${item}</li>`)}</ul>`.toString()).toBe(
      '<ul><li>&lt;a&gt;</li><li>b</li></ul>',
    );
    expect(html`${html`<br />`}${new Html('<hr />')}`.toString()).toBe('<br /><hr />');
    expect(html`nothing`.toString()).toBe('nothing');
  });

  test('escapes texts in a list too, if a caller gets its types wrong', () => {
    expect(html`${['<script>'] as unknown as Html[]}`.toString()).toBe('&lt;script&gt;');
  });

  test('of any text has no markup of it, and the text can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const markup = html`${text}`.toString();
        expect(markup).not.toMatch(/[<>"']/);
        const read = markup
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&');
        expect(read).toBe(text);
        expect(html`${html`${text}`}`.toString()).toBe(markup);
      }),
    );
  });
});
