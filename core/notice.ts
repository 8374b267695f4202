import type { LoginReason } from './grant.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import type { Settings } from './settings.ts';

export type NoticeKind = 'invited' | 'expiring' | 'expired' | 'restored' | 'test';

/** What the owner is to learn. The link is in the text it makes, and nowhere else. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** By when they have to act, epoch milliseconds, where there is a day. */
  readonly neededAtMs?: number | undefined;
  /** Until when the grant stands now; for `restored` and `test`. */
  readonly deadlineMs?: number | undefined;
  readonly link?: { readonly url: string; readonly expiresAtMs: number } | undefined;
}

/** What a notice says, whatever channel it goes by: plain text, none of it markup. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly greeting: string;
  /** A paragraph each. */
  readonly sentences: readonly string[];
  readonly button?: { readonly label: string; readonly url: string } | undefined;
  /** Small print. */
  readonly about: readonly string[];
}

/** A mail, in the two forms that mail programs show. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The kind of the notice that asks for a login. */
export function noticeKind(reason: LoginReason): NoticeKind {
  if (reason === 'first-login') return 'invited';
  return reason === 'rejected' || reason === 'expired' ? 'expired' : 'expiring';
}

/** Writes a notice for its owner: who asks, what for, by when in the owner's own time zone, one link. */
export function writeNotice(
  settings: Pick<Settings, 'connectionId' | 'provider' | 'owner'>,
  facts: NoticeFacts,
): Notice {
  const { connectionId, provider, owner } = settings;
  const name = provider.displayName;
  const at = (epochMs: number) => formatInstant(epochMs, owner.timeZone);
  const nextLogin =
    facts.deadlineMs === undefined
      ? []
      : [`The next login is due before ${formatInstant(facts.deadlineMs, owner.timeZone, true)}.`];
  const { subject, sentences } = {
    invited: () => ({
      subject: `Connect ${name} (${connectionId})`,
      sentences: [
        `Grantkeeper keeps the connection ${connectionId} to ${name} alive and needs you to log in for the first time.`,
      ],
    }),
    expiring: () => ({
      subject: `Log in to ${name} ${facts.neededAtMs === undefined ? 'again' : `before ${at(facts.neededAtMs)}`} (${connectionId})`,
      sentences: [
        `The connection ${connectionId} to ${name} needs you to log in again.`,
        ...(facts.neededAtMs === undefined
          ? []
          : [`Until ${at(facts.neededAtMs)} everything goes on working; after that it stops.`]),
      ],
    }),
    expired: () => ({
      subject: `${name} has stopped working: log in again (${connectionId})`,
      sentences: [
        `The connection ${connectionId} to ${name} has ended. It works again as soon as you have logged in.`,
      ],
    }),
    restored: () => ({
      subject: `${name} works again (${connectionId})`,
      sentences: [`The connection ${connectionId} to ${name} works again.`, ...nextLogin],
    }),
    // A text message is this subject and no more.
    test: () => ({
      subject: `This is a test, nothing is to be done: ${name} (${connectionId})`,
      sentences: [
        `This is a test of the messages about the connection ${connectionId} to ${name}. There is nothing to do.`,
        ...nextLogin,
      ],
    }),
  }[facts.kind]();
  const { kind, link } = facts;
  return {
    kind,
    subject,
    greeting: owner.name === undefined ? 'Hello,' : `Hello ${owner.name},`,
    sentences,
    button: link && { label: `Log in to ${name}`, url: link.url },
    about: link
      ? [
          `The link works until ${at(link.expiresAtMs)}. It opens a page that leads you to ${name}; your password is typed there and nowhere else.`,
        ]
      : [],
  };
}

export function mailOf({ subject, greeting, sentences, button, about }: Omit<Notice, 'kind'>): MailText {
  const paragraphs = [greeting, '', ...sentences, ...(button ? ['', button.url, ''] : []), ...about];
  return {
    subject,
    text: `${paragraphs.join('\n')}\n`,
    html: layout(subject, greeting, sentences, button, about).toString(),
  };
}

/** A text message: what is to be done, and the link; names in it are at most 92 characters together. */
export function smsOf({ subject, button }: Notice): string {
  return button === undefined ? subject : `${subject}: ${button.url}`;
}

/**
 * What operators are sent when a notice reached its owner by none of their channels: all they need to pass it on by
 * a way of their own. `failures` are safe to show.
 */
export function unreached(
  { connectionId, owner }: Pick<Settings, 'connectionId' | 'owner'>,
  notice: Notice,
  failures: readonly string[],
): { readonly subject: string; readonly text: string } {
  const who = owner.name === undefined ? owner.email : `${owner.name} (${owner.email})`;
  const lines = [
    `The owner of ${connectionId} could not be reached by any channel:`,
    ...failures.map((failure) => `- ${failure}`),
    '',
    `Please pass this on to ${who}, and to nobody else:`,
    '',
    ...notice.sentences,
    ...(notice.button ? [notice.button.url] : []),
    ...notice.about,
  ];
  return {
    subject: `Grantkeeper: ${connectionId}: the owner could not be reached`,
    text: `${lines.join('\n')}\n`,
  };
}

/** An instant as its reader's calendar has it, with the zone's name. */
export function formatInstant(epochMs: number, timeZone: string, hasYear = false): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(hasYear && { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(epochMs);
}

function layout(
  subject: string,
  greeting: string,
  sentences: readonly string[],
  button: Notice['button'],
  about: readonly string[],
): Html {
  const link = button
    ? html`<p>
        <a
          href="${button.url}"
          style="display:inline-block;padding:12px 20px;border-radius:6px;background:#1a56db;color:#ffffff;text-decoration:none;font-weight:600"
          >${button.label}</a
        >
      </p>`
    : html``;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <title>${subject}</title>
      </head>
      <body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
        <div style="max-width:34em;margin:0 auto">
          <p>${greeting}</p>
          ${sentences.map((sentence) => html`<p>${sentence}</p>`)} ${link}
          ${about.map((sentence) => html`<p style="font-size:14px">${sentence}</p>`)}
        </div>
      </body>
    </html> `;
}
