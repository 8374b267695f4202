import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { HttpResponse } from '../pages/http.ts';
import { panelPage, paths, problemPage } from './panel-page.ts';

const again = html`<a class="button" href="${paths.signIn}">Ask for a new link</a>`;

export interface SignInForm {
  /** What was typed, where it is no address. */
  readonly refused?: string;
  /** Where to lead whoever signs in. */
  readonly returnTo?: string | undefined;
}

export function form(nowMs: number, { refused, returnTo }: SignInForm): HttpResponse {
  const isRefused = refused !== undefined;
  return card(
    isRefused ? 400 : 200,
    'Sign in',
    nowMs,
    html`<p>There is no password. You get a mail with a link, which works in this browser.</p>
      <form method="post" action="${paths.signIn}">
        ${returnTo === undefined ? '' : html`<input type="hidden" name="to" value="${returnTo}" />`}
        <label for="email">Your address</label>
        ${isRefused ? html`<p id="refused" class="refused">That is not an e-mail address.</p>` : ''}
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
    'Look into your mailbox',
    nowMs,
    html`<p>
        If <strong><bdi>${typed}</bdi></strong> may sign in here, a mail is on its way to it. Open its link within ten minutes,
        in this browser.
      </p>
      <p class="dim">
        None there? Look into the spam folder. Whoever runs Grantkeeper decides which addresses may sign in, and finds in
        the log of sign-in whether a mail could be sent.
      </p>`,
  );
}

export function confirm(nowMs: number, email: string): HttpResponse {
  return card(
    200,
    'Sign in',
    nowMs,
    html`<p>You will be signed in as <strong>${email}</strong> for up to twelve hours.</p>
      <form method="post"><button>Sign in</button></form>`,
  );
}

export function signedOut(nowMs: number, everywhere: boolean): HttpResponse {
  return card(
    200,
    'You are signed out',
    nowMs,
    html`<p>${everywhere ? 'All your sessions have ended, in every browser.' : 'This browser has no session any more.'}</p>
      <p><a class="button" href="${paths.signIn}">Sign in again</a></p>`,
  );
}

export function notSignedOutElsewhere(nowMs: number): HttpResponse {
  const title = 'Other browsers may still be signed in';
  const why = 'This browser’s session had ended before, so nobody could tell whose others to end.';
  const next = html`<a class="button" href="${paths.signIn}">Sign in</a>, then press Sign out everywhere.`;
  return problemPage({ statusCode: 401, title, why, next, nowMs });
}

export function otherBrowser(nowMs: number): HttpResponse {
  const title = 'This link belongs to another browser';
  const why =
    'For your safety it works only in the browser that asked for it, with cookies allowed. Open it there, or ask for one in this browser.';
  return problemPage({ statusCode: 403, title, why, next: again, nowMs });
}

export function expired(nowMs: number): HttpResponse {
  const why = 'Links to sign in work for ten minutes.';
  return problemPage({ statusCode: 410, title: 'This link has expired', why, next: again, nowMs });
}

export function usedAlready(nowMs: number): HttpResponse {
  const next = html`<a class="button" href="${paths.home}">Go to the panel</a>`;
  const why = 'Each link signs in once. If that was you, you are signed in.';
  return problemPage({ statusCode: 410, title: 'This link was used already', why, next, nowMs });
}

export function notALink(nowMs: number): HttpResponse {
  const why =
    'Mail programs sometimes cut long links, and links are forgotten some time after they have expired.';
  return problemPage({ statusCode: 404, title: 'This link is not valid', why, next: again, nowMs });
}

export function crossSite(nowMs: number): HttpResponse {
  const why = 'It was sent by a page of another site, or by one that was open too long. Nothing was changed.';
  const next = html`<a class="button" href="${paths.home}">Go to the panel</a>`;
  return problemPage({ statusCode: 403, title: 'That was not taken', why, next, nowMs });
}

export function tooOften(nowMs: number): HttpResponse {
  const why = 'There were too many attempts from your network.';
  const next = html`Please wait ten minutes, then try again.`;
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
