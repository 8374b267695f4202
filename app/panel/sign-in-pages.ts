import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { HttpResponse } from '../pages/http.ts';
import { panelPage, paths, problemPage } from './panel-page.ts';

const again = html`<a class="button" href="${paths.signIn}">Ask for a new link</a>`;

export interface SignInForm {
  /** The text that was entered, if it is no address. */
  readonly refused?: string;
  /** Where signing in leads to. */
  readonly returnTo?: string | undefined;
}

export function form(nowMs: number, { refused, returnTo }: SignInForm): HttpResponse {
  const isRefused = refused !== undefined;
  return card(
    isRefused ? 400 : 200,
    'Sign in',
    nowMs,
    html`<p>You need no password: we send you a link by email. Open it in this browser.</p>
      <form method="post" action="${paths.signIn}">
        ${returnTo === undefined ? '' : html`<input type="hidden" name="to" value="${returnTo}" />`}
        <label for="email">Your email address</label>
        ${isRefused ? html`<p id="refused" class="refused">This is not an email address.</p>` : ''}
        <input
          id="email"
          name="email"
          type="text"
          inputmode="email"
          autocomplete="email"
          autocapitalize="none"
          spellcheck="false"
          maxlength="254"
          required
          value="${refused?.slice(0, 254) ?? ''}"
          ${isRefused ? html`aria-invalid="true" aria-describedby="refused"` : ''}
        />
        <button>Send the link</button>
      </form>`,
  );
}

export function sent(nowMs: number, typed: string): HttpResponse {
  return card(
    200,
    'Check your email',
    nowMs,
    html`<p>
        If <strong><bdi>${typed}</bdi></strong> may sign in here, we have sent it a link. Open it in this browser within ten
        minutes.
      </p>
      <p class="dim">
        No email? Check your spam folder. Then ask a Grantkeeper operator whether your address is in the configuration; the
        log of the function sign-in shows whether a mail was sent.
      </p>`,
  );
}

export function confirm(nowMs: number, email: string): HttpResponse {
  return card(
    200,
    'Sign in',
    nowMs,
    html`<p>You sign in as <strong>${email}</strong>, for up to twelve hours.</p>
      <form method="post"><button>Sign in</button></form>`,
  );
}

export function signedOut(nowMs: number, everywhere: boolean): HttpResponse {
  return card(
    200,
    'You are signed out',
    nowMs,
    html`<p>${everywhere ? 'Your sessions in all browsers have ended.' : 'Your session in this browser has ended.'}</p>
      <p><a class="button" href="${paths.signIn}">Sign in again</a></p>`,
  );
}

export function notSignedOutElsewhere(nowMs: number): HttpResponse {
  const title = 'Other browsers may still be signed in';
  const why = 'Your session in this browser had already ended, so your other sessions could not be found.';
  const next = html`<a class="button" href="${paths.signIn}">Sign in</a>, then press Sign out everywhere.`;
  return problemPage({ statusCode: 401, title, why, next, nowMs });
}

export function otherBrowser(nowMs: number): HttpResponse {
  const title = 'This link belongs to another browser';
  const why =
    'A link works only in the browser in which you asked for it, with cookies allowed. Open it there, or ask for a new one in this browser.';
  return problemPage({ statusCode: 403, title, why, next: again, nowMs });
}

export function expired(nowMs: number): HttpResponse {
  const why = 'A link to sign in works for ten minutes.';
  return problemPage({ statusCode: 410, title: 'This link has expired', why, next: again, nowMs });
}

export function usedAlready(nowMs: number): HttpResponse {
  const next = html`<a class="button" href="${paths.home}">Go to the panel</a>`;
  const why = 'A link works once. If you used it, you are signed in.';
  return problemPage({ statusCode: 410, title: 'This link was used already', why, next, nowMs });
}

export function notALink(nowMs: number): HttpResponse {
  const why = 'It may have expired long ago, or your mail program may have cut it.';
  return problemPage({ statusCode: 404, title: 'This link is not valid', why, next: again, nowMs });
}

export function crossSite(nowMs: number): HttpResponse {
  const why = 'It came from another site, or from a page that was open too long. Nothing was changed.';
  const next = html`<a class="button" href="${paths.home}">Go to the panel</a>`;
  return problemPage({ statusCode: 403, title: 'Request refused', why, next, nowMs });
}

export function tooOften(nowMs: number): HttpResponse {
  const why = 'There were too many attempts from your network.';
  const next = html`Wait ten minutes, then try again.`;
  const answer = problemPage({ statusCode: 429, title: 'Too many attempts', why, next, nowMs });
  return { ...answer, headers: { ...answer.headers, 'retry-after': '600' } };
}

function card(statusCode: number, title: string, nowMs: number, body: Html): HttpResponse {
  const whole = html`<section class="card narrow">
    <h1>${title}</h1>
    ${body}
  </section>`;
  return panelPage({ statusCode, title, body: whole, nowMs });
}
