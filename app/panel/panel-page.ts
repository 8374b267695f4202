import type { GrantkeeperError } from '../../core/errors.ts';
import { Html, html } from '../../core/html.ts';
import { addressKey } from '../../core/panel.ts';
import type { HttpResponse, LoggedResponse } from '../pages/http.ts';
import { logged } from '../pages/http.ts';
import type { Visitor } from './visitor.ts';

export const paths = {
  home: '/panel',
  signIn: '/panel/sign-in',
  signOut: '/panel/sign-out',
  style: '/panel/assets/panel.css',
  script: '/panel/assets/panel.js',
  connection: (connectionId: string) => `/panel/connections/${connectionId}`,
  action: (connectionId: string, action: string) => `/panel/connections/${connectionId}/${action}`,
} as const;

const headers: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
};

export interface PanelPage {
  readonly statusCode: number;
  readonly title: string;
  readonly body: Html;
  /** Unknown after a fault: its page counts nothing. */
  readonly nowMs: number | undefined;
  /** Absent where nobody has signed in. */
  readonly visitor?: Visitor | undefined;
  /** Whether its script keeps it current. */
  readonly isLive?: boolean;
}

/** A whole page of the panel. It works without its script; that counts down and keeps it current. */
export function panelPage({
  statusCode,
  title,
  body,
  nowMs,
  visitor,
  isLive = false,
}: PanelPage): HttpResponse {
  const markup = html`<!doctype html>
    <html lang="en"${nowMs === undefined ? '' : html` data-now="${new Date(nowMs).toISOString()}"`}${isLive ? new Html(' data-live') : ''}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Grantkeeper</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${paths.style}" />
        <script type="module" src="${paths.script}"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header id="header" data-part>
          <a class="home" href="${paths.home}">Grantkeeper</a>
          ${visitor ? signedIn(visitor) : ''}
        </header>
        <main id="main">${body}</main>
      </body>
    </html> `;
  return { statusCode, headers: { ...headers }, body: markup.toString() };
}

function signedIn(visitor: Visitor): Html {
  return html`<div class="who">
    <span>${visitor.email} <small>${visitor.role}</small></span>
    <form method="post" action="${paths.signOut}">
      ${csrfField(visitor)}
      <button class="quiet">Sign out</button>
      <button class="quiet" name="everywhere" value="yes">Sign out everywhere</button>
    </form>
  </div>`;
}

/** Every form of a visitor's has it. */
export function csrfField({ csrfToken }: Visitor): Html {
  return html`<input type="hidden" name="csrf" value="${csrfToken}" />`;
}

/** Of a page of the panel; undefined for any other place, and for what is only pressed. */
export function returnPathOf(path: string | null): string | undefined {
  return /^\/panel\/connections\/[a-z0-9-]{2,32}(\/disconnect)?$/.exec(path ?? '')?.[0];
}

/** A way on; with cookies to set. */
export function onTo(location: string, cookies: readonly string[] = []): HttpResponse {
  return {
    statusCode: 303,
    headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', location },
    ...(cookies.length > 0 && { cookies: [...cookies] }),
  };
}

/** A page that says what went wrong, with one next step. */
export function problemPage(
  problem: Omit<PanelPage, 'body'> & { readonly why: string; readonly next: Html },
): HttpResponse {
  const { title, why, next } = problem;
  const body = html`<section class="card narrow">
    <h1>${title}</h1>
    <p>${why}</p>
    <p>${next}</p>
  </section>`;
  return panelPage({ ...problem, body });
}

export const backHome = html`<a class="button" href="${paths.home}">Back to the overview</a>`;

export function backTo(connectionId: string): Html {
  return html`<a class="button" href="${paths.connection(connectionId)}">Back to ${connectionId}</a>`;
}

/** @param path what was asked for: who signs in is led back to it */
export function notSignedIn(nowMs: number, path: string): LoggedResponse {
  const to = returnPathOf(path);
  const page = problemPage({
    statusCode: 401,
    title: 'You are not signed in',
    why: 'A session ends after an hour without a click, after twelve hours in any case, and when you sign out. Nothing was changed.',
    next: html`<a class="button" href="${paths.signIn}${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}">Sign in</a>`,
    nowMs,
  });
  return logged('not-signed-in', page);
}

export function noSuchConnection(nowMs: number, visitor: Visitor): HttpResponse {
  return problemPage({
    statusCode: 404,
    title: 'There is no such connection',
    why: 'It may have been removed from the configuration, or the address lacks something.',
    next: backHome,
    nowMs,
    visitor,
  });
}

/** For whatever no page was written for. */
export function panelFault(error: GrantkeeperError): HttpResponse {
  return problemPage({
    statusCode: 500,
    title: 'Something went wrong on our side',
    why: `The log of this function has more (${error.name}). Whether anything was changed, the overview tells.`,
    next: backHome,
    nowMs: undefined,
  });
}

/** Whether this visitor is who logs in at the provider for a connection. */
export function isOwner(visitor: Visitor, ownerEmail: string): boolean {
  return addressKey(visitor.email) === addressKey(ownerEmail);
}
