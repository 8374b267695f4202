import type { GrantkeeperError } from '../../core/errors.ts';
import { Html, html } from '../../core/html.ts';
import { addressKey } from '../../core/panel.ts';
import type { HttpResponse, LoggedResponse } from '../pages/http.ts';
import { logged } from '../pages/http.ts';
import type { SignedInUser } from './signed-in-user.ts';

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
  /** Unknown after a fault: that page has no countdowns. */
  readonly nowMs: number | undefined;
  readonly user?: SignedInUser | undefined;
  /** True if the script reloads it regularly. */
  readonly isLive?: boolean;
}

/** A whole page of the panel. Without the script it works, but has no countdowns and does not update itself. */
export function panelPage({ statusCode, title, body, nowMs, user, isLive = false }: PanelPage): HttpResponse {
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
          ${user ? signedIn(user) : ''}
        </header>
        <main id="main">${body}</main>
      </body>
    </html> `;
  return { statusCode, headers: { ...headers }, body: markup.toString() };
}

function signedIn(user: SignedInUser): Html {
  return html`<div class="who">
    <span>${user.email} <small>${user.role}</small></span>
    <form method="post" action="${paths.signOut}">
      ${csrfField(user)}
      <button class="quiet">Sign out</button>
      <button class="quiet" name="everywhere" value="yes">Sign out everywhere</button>
    </form>
  </div>`;
}

/** Every form needs it. */
export function csrfField({ csrfToken }: SignedInUser): Html {
  return html`<input type="hidden" name="csrf" value="${csrfToken}" />`;
}

/** The path to return to after signing in; undefined for a path that is no page of the panel. */
export function returnPathOf(path: string | null): string | undefined {
  return /^\/panel\/connections\/[a-z0-9-]{2,32}(\/disconnect)?$/.exec(path ?? '')?.[0];
}

/** @param cookies to set */
export function redirect(location: string, cookies: readonly string[] = []): HttpResponse {
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

/** @param path of the request; signing in leads back to it */
export function notSignedIn(nowMs: number, path: string): LoggedResponse {
  const to = returnPathOf(path);
  const page = problemPage({
    statusCode: 401,
    title: 'You are not signed in',
    why: 'Nothing was changed. A session ends when you sign out, after an hour without a click, and after twelve hours in any case.',
    next: html`<a class="button" href="${paths.signIn}${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}">Sign in</a>`,
    nowMs,
  });
  return logged('not-signed-in', page);
}

export function noSuchConnection(nowMs: number, user: SignedInUser): HttpResponse {
  return problemPage({
    statusCode: 404,
    title: 'There is no such connection',
    why: 'It may have been removed from the configuration, or the address is incomplete.',
    next: backHome,
    nowMs,
    user,
  });
}

/** The page for an error that no other page covers. */
export function panelFault(error: GrantkeeperError): HttpResponse {
  return problemPage({
    statusCode: 500,
    title: 'Something went wrong on our side',
    why: `Check the overview to see whether anything changed. The function’s log has the details (${error.name}).`,
    next: backHome,
    nowMs: undefined,
  });
}

/** True if this user owns the connection, that is, logs in at its provider. */
export function isOwner(user: SignedInUser, ownerEmail: string): boolean {
  return addressKey(user.email) === addressKey(ownerEmail);
}
