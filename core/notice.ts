import type { AskReason } from './grant.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import type { Settings } from './settings.ts';

export type NoticeKind = 'invited' | 'expiring' | 'expired' | 'restored';

/** What the owner is to learn. The link is in the text it makes, and nowhere else. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** By when they have to act, epoch milliseconds, where there is a day. */
  readonly neededAtMs?: number | undefined;
  /** Until when the grant stands now; for `restored`. */
  readonly deadlineMs?: number | undefined;
  readonly link?: { readonly url: string; readonly expiresAtMs: number } | undefined;
}

/** One message, in the two forms that mail programs show. */
export interface NoticeText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The kind of the notice that asks for a login. */
export function noticeKind(reason: AskReason): NoticeKind {
  if (reason === 'first-login') return 'invited';
  return reason === 'rejected' || reason === 'expired' ? 'expired' : 'expiring';
}

/** Writes a notice for its owner: who asks, what for, by when in the owner's own time zone, one link. */
export function writeNotice(
  settings: Pick<Settings, 'connectionId' | 'provider' | 'owner'>,
  facts: NoticeFacts,
): NoticeText {
  const { connectionId, provider, owner } = settings;
  const name = provider.displayName;
  const at = (epochMs: number) => formatInstant(epochMs, owner.timeZone);
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
      sentences: [
        `The connection ${connectionId} to ${name} works again.`,
        ...(facts.deadlineMs === undefined ? [] : [`The next login is due before ${at(facts.deadlineMs)}.`]),
      ],
    }),
  }[facts.kind]();
  const greeting = owner.name === undefined ? 'Hello,' : `Hello ${owner.name},`;
  const about = facts.link
    ? [
        `The link works until ${at(facts.link.expiresAtMs)}. It opens a page that leads you to ${name}; your password is typed there and nowhere else.`,
      ]
    : [];
  const text = [greeting, '', ...sentences, ...(facts.link ? ['', facts.link.url, ''] : []), ...about].join(
    '\n',
  );
  return {
    subject,
    text: `${text}\n`,
    html: layout(subject, greeting, sentences, facts.link?.url, name, about).toString(),
  };
}

/** An instant as its reader's calendar has it, with the zone's name. */
export function formatInstant(epochMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(epochMs);
}

function layout(
  subject: string,
  greeting: string,
  sentences: readonly string[],
  url: string | undefined,
  providerName: string,
  about: readonly string[],
): Html {
  const button = url
    ? html`<p>
        <a
          href="${url}"
          style="display:inline-block;padding:12px 20px;border-radius:6px;background:#1a56db;color:#ffffff;text-decoration:none;font-weight:600"
          >Log in to ${providerName}</a
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
          ${sentences.map((sentence) => html`<p>${sentence}</p>`)} ${button}
          ${about.map((sentence) => html`<p style="font-size:14px">${sentence}</p>`)}
        </div>
      </body>
    </html> `;
}
