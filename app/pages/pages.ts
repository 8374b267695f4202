import { createHash } from 'node:crypto';

import type { GrantkeeperError } from '../../core/errors.ts';
import { isAlive, isPaused } from '../../core/decide.ts';
import { ClientRejectedError, ConfigurationError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isEndedByOperator, isOpen } from '../../core/grant.ts';
import { Html, html } from '../../core/html.ts';
import type { Authorization } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpResponse } from './http.ts';

const style = `
:root { color-scheme: light dark; --ink: #1d2433; --dim: #5b6472; --page: #f4f6fa; --card: #fff; --line: #dde2ea; --go: #1a56db; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ebf2; --dim: #a2acbc; --page: #10141c; --card: #1a202c; --line: #2d3646; --go: #2f66dc; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem; background: var(--page); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 32rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: .75rem 0; }
.dim { color: var(--dim); font-size: .9rem; }
button { width: 100%; margin: 1rem 0 .25rem; padding: .8rem 1rem; border: 0; border-radius: .5rem; background: var(--go); color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
`;

/** Tells instants in the reader's own time zone; without it they are in that of the configuration. */
const ownerScript = '/panel/assets/owner.js';

/** The one piece of markup that is not a template's: its hash stands in the policy below. */
const rawStyle = new Html(style);
const styleHash = createHash('sha256').update(style).digest('base64');

const headers: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // No form-action: Chromium applies it to every redirect after a post, and providers hop origins.
  'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
};

export interface Page {
  readonly statusCode: number;
  readonly title: string;
  readonly body: Html;
}

/** A whole page: what happened, and one next step. */
export function page({ statusCode, title, body }: Page): HttpResponse {
  const markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Grantkeeper</title>
        <style>${rawStyle}</style>
        <script type="module" src="${ownerScript}"></script>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `;
  return { statusCode, headers: { ...headers }, body: markup.toString() };
}

/** The rest of the ceremony happens at the provider. */
export function seeOther(location: string, cookie: string): HttpResponse {
  return {
    statusCode: 303,
    headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', location },
    cookies: [cookie],
  };
}

/** How somebody whose login came to nothing begins another one: the first words of a sentence. */
export function beginAgain({ connectionId, reason }: Pick<Authorization, 'connectionId' | 'reason'>): Html {
  return reason === 'panel'
    ? html`Begin again on <a href="/panel/connections/${connectionId}">the panel</a>`
    : html`Open the link in your mail again`;
}

/** Whether the owner is asked for a login now, or will be by the next check. */
export function isNeeded(settings: Settings, grant: Grant, nowMs: number): boolean {
  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  // By the panel they came of themselves.
  return (open !== undefined && open.reason !== 'panel') || !isAlive(settings, grant, nowMs);
}

/** Where somebody with an old link finds one that works. */
export function newerLink(settings: Settings, grant: Grant, nowMs: number): Html {
  if (isPaused(settings, grant)) {
    return html`<p>
      Whoever runs Grantkeeper for you has paused the connection: you get a newer link when it goes on. If that is a
      surprise, ask them.
    </p>`;
  }
  const isAsked = isNeeded(settings, grant, nowMs) && !isEndedByOperator(grant, nowMs);
  return isAsked
    ? html`<p>A newer link is on its way to your mailbox, or there already. Please use the newest one.</p>`
    : html`<p>
        Nobody needs you to log in at the moment. If you want to all the same, ask whoever runs Grantkeeper for you for a
        new link.
      </p>`;
}

/** Of a link, or a login, that has done its work for a grant that is over. */
export function neededAgain(settings: Settings, grant: Grant, nowMs: number): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This link was used already',
    body: html`<p>
        It did its work when you logged in. Since then the connection needs you again, and this link is no good for
        that.
      </p>
      ${newerLink(settings, grant, nowMs)}`,
  });
}

/** Of whoever follows a link, or comes back from a login, that an operator's end of the connection has overtaken. */
export function ended({ connectionId, provider }: Settings): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was ended meanwhile',
    body: html`<p>
        Whoever runs Grantkeeper for you has ended the connection <strong>${connectionId}</strong> to
        ${provider.displayName}: its links work no more, and nothing was stored.
      </p>
      <p>If you want it back, ask them for a new link.</p>`,
  });
}

/** For whatever no page was written for. */
export function ourFault(error?: GrantkeeperError): HttpResponse {
  // Trying again mends nothing that an operator has to mend; they are told, by an alert or by an alarm.
  const isTheOperators = error instanceof ConfigurationError || error instanceof ClientRejectedError;
  return page({
    statusCode: 500,
    title: 'Something went wrong on our side',
    body: isTheOperators
      ? html`<p>
            Your login was not lost by anything you did. Whoever runs Grantkeeper for you has been told, and has something
            to mend first.
          </p>
          <p>Open your link again later.</p>`
      : html`<p>
            Your login was not lost by anything you did. Open your link again in a minute.
          </p>
          <p class="dim">If this page comes back, tell whoever runs Grantkeeper for you.</p>`,
  });
}
