import { createHash } from 'node:crypto';

import type { GrantkeeperError } from '../../core/errors.ts';
import { isAlive, isPaused } from '../../core/decide.ts';
import { ClientRejectedError, ConfigurationError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isEndedByOperator, isOpen } from '../../core/grant.ts';
import { Html, html } from '../../core/html.ts';
import type { Authorization } from '../../core/authorization.ts';
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

/** Shows times in the reader's time zone. Without it, they are in the configured one. */
const ownerScript = '/panel/assets/owner.js';

/** The only markup that no template escapes. The policy below allows it by its hash. */
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

/** Leads the browser to the provider. */
export function seeOther(location: string, cookie: string): HttpResponse {
  return {
    statusCode: 303,
    headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', location },
    cookies: [cookie],
  };
}

/** How to begin a login again: the beginning of a sentence. */
export function beginAgain({ connectionId, reason }: Pick<Authorization, 'connectionId' | 'reason'>): Html {
  return reason === 'panel'
    ? html`Begin again on <a href="/panel/connections/${connectionId}">the panel</a>`
    : html`Open the link in your message again`;
}

/** True if the owner was asked to log in, or will be at the next check. */
export function isNeeded(settings: Settings, grant: Grant, nowMs: number): boolean {
  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  // Nobody asks for a login that the owner began on the panel.
  return (open !== undefined && open.reason !== 'panel') || !isAlive(settings, grant, nowMs);
}

/** Where to find a link that works. */
export function newerLink(settings: Settings, grant: Grant, nowMs: number): Html {
  if (isPaused(settings, grant)) {
    return html`<p>
      An operator has paused this connection. You get a new link when it is resumed. If you have questions, ask your
      Grantkeeper operator.
    </p>`;
  }
  const isAsked = isNeeded(settings, grant, nowMs) && !isEndedByOperator(grant, nowMs);
  return isAsked
    ? html`<p>A newer link is on its way to you, or has arrived. Use the newest one.</p>`
    : html`<p>
        You need not log in at the moment. If you want to, ask your Grantkeeper operator for a new link.
      </p>`;
}

/** The page for a used link of a grant that has ended since. */
export function neededAgain(settings: Settings, grant: Grant, nowMs: number): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This link was used already',
    body: html`<p>
        You logged in with it. Since then the connection needs another login, and each link works once.
      </p>
      ${newerLink(settings, grant, nowMs)}`,
  });
}

/** The page for a link or login of a connection that an operator has disconnected since. */
export function ended({ connectionId, provider }: Settings): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was disconnected',
    body: html`<p>
        An operator has disconnected <strong>${connectionId}</strong> from ${provider.displayName}. Its links no longer
        work, and nothing was stored.
      </p>
      <p>To restore it, ask your Grantkeeper operator for a new link.</p>`,
  });
}

/** The page for an error that no other page covers. */
export function ourFault(error?: GrantkeeperError): HttpResponse {
  // Trying again does not help until an operator has fixed it. An alert or an alarm notifies them.
  const isTheOperators = error instanceof ConfigurationError || error instanceof ClientRejectedError;
  return page({
    statusCode: 500,
    title: 'Something went wrong on our side',
    body: isTheOperators
      ? html`<p>
            You did nothing wrong. Your Grantkeeper operator has been notified and has to fix something first.
          </p>
          <p>Open your link again later.</p>`
      : html`<p>
            You did nothing wrong. Open your link again in a minute.
          </p>
          <p class="dim">If this page comes back, tell your Grantkeeper operator.</p>`,
  });
}
