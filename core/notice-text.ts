import type { ChannelName } from './channel.ts';
import type { LoginReason } from './grant.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import type { Settings } from './settings.ts';

export type NoticeKind = 'invited' | 'expiring' | 'expired' | 'restored' | 'test';

/** The facts of a notice. The link is a credential, so only the notice's text may have it. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** When the token is needed, epoch milliseconds. Undefined if that is not known. */
  readonly neededAtMs?: number | undefined;
  /** When the grant ends, epoch milliseconds; for `restored` and `test`. */
  readonly deadlineMs?: number | undefined;
  readonly link?: { readonly url: string; readonly expiresAtMs: number } | undefined;
}

/** A notice for any channel: plain text, without markup. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly greeting: string;
  /** Each is a paragraph. */
  readonly sentences: readonly string[];
  readonly button?: { readonly label: string; readonly url: string } | undefined;
  /** Small print. */
  readonly about: readonly string[];
}

/** A mail as text and as HTML. */
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

/** Writes a notice to the owner. Times are in the owner's time zone. */
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
      : [`Your next login is due before ${formatInstant(facts.deadlineMs, owner.timeZone, true)}.`];
  const { subject, sentences } = {
    invited: () => ({
      subject: `Connect ${name} (${connectionId})`,
      sentences: [
        `Log in to ${name} once to connect ${connectionId}. Grantkeeper then keeps the connection working and reminds you when you have to log in again.`,
      ],
    }),
    expiring: () => ({
      subject: `Log in to ${name} ${facts.neededAtMs === undefined ? 'again' : `before ${at(facts.neededAtMs)}`} (${connectionId})`,
      sentences: [
        `The connection ${connectionId} to ${name} needs you to log in again.`,
        ...(facts.neededAtMs === undefined
          ? []
          : [`It works until ${at(facts.neededAtMs)}. If you have not logged in by then, it stops.`]),
      ],
    }),
    expired: () => ({
      subject: `${connectionId} is disconnected. Log in to ${name} to restore it`,
      sentences: [`The connection ${connectionId} to ${name} has stopped working. Log in to restore it.`],
    }),
    restored: () => ({
      subject: `${name} works again (${connectionId})`,
      sentences: [`The connection ${connectionId} to ${name} works again.`, ...nextLogin],
    }),
    // A text message has only the subject.
    test: () => ({
      subject: `Test message: no action needed (${name}, ${connectionId})`,
      sentences: [
        `This message tests whether notices about the connection ${connectionId} to ${name} reach you. You need not do anything.`,
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
          `The link works until ${at(link.expiresAtMs)}. It leads you to ${name}. Enter your password only there.`,
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

/** A text message: the subject and the link. The names in it have at most 92 characters together. */
export function smsOf({ subject, button }: Notice): string {
  return button === undefined ? subject : `${subject}: ${button.url}`;
}

/**
 * Writes the message to operators when no channel reached the owner. It has everything they need to pass the notice on.
 * @param failures one for each channel, without credentials
 */
export function unreached(
  { connectionId, owner }: Pick<Settings, 'connectionId' | 'owner'>,
  notice: Notice,
  failures: readonly string[],
): { readonly subject: string; readonly text: string } {
  const who = owner.name === undefined ? owner.email : `${owner.name} (${owner.email})`;
  const lines = [
    `No channel reached the owner of ${connectionId}:`,
    ...failures.map((failure) => `- ${failure}`),
    '',
    `Please pass this on to ${who} and to nobody else:`,
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

/** An instant in a time zone, with the zone's name. */
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

export type NoticeOutcomes = { readonly [channel in ChannelName]?: 'sent' | 'failed' };
