import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Authorization } from '../../core/authorization.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpResponse } from './http.ts';
import { instant } from './instant.ts';
import { beginAgain, page } from './pages.ts';

/** The authorization whose login failed. */
type From = Pick<Authorization, 'connectionId' | 'reason'>;

function onceMore(from: From): Html {
  return html`<p>${beginAgain(from)} and log in once more.</p>`;
}

export interface Connected {
  readonly from: From;
  readonly nowMs: number;
  /** When the grant ends, epoch milliseconds, where the provider sets an end. */
  readonly deadlineMs: number | undefined;
  readonly isPaused: boolean;
  readonly accountsLeftOut: number;
}

export function done(
  { connectionId, provider, owner }: Settings,
  { from, nowMs, deadlineMs, isPaused, accountsLeftOut }: Connected,
): HttpResponse {
  const good =
    deadlineMs === undefined
      ? ''
      : html`It works until <strong>${instant(deadlineMs, owner.timeZone, nowMs)}</strong>.`;
  const notified =
    deadlineMs === undefined ? 'You need not do anything else.' : 'You get a message in time before that.';
  const paused =
    'An operator has paused the connection. It works, and you get messages again, when the operator resumes it.';
  return page({
    statusCode: 200,
    title: 'Done: you are connected',
    body: html`<p>
        The connection <strong>${connectionId}</strong> to ${provider.displayName}
        ${isPaused ? 'is renewed' : 'works'}.
      </p>
      <p>${good} ${isPaused ? paused : notified}</p>
      ${accountsLeftOut === 0 ? html`` : leftOut(accountsLeftOut)}
      ${
        from.reason === 'panel'
          ? html`<p><a href="/panel/connections/${connectionId}">Back to the panel</a></p>`
          : html`<p class="dim">You can close this page.</p>`
      }`,
  });
}

function leftOut(accounts: number): Html {
  return html`<p>
    <strong
      >${accounts === 1 ? 'One account' : `${accounts} accounts`} that you shared before
      ${accounts === 1 ? 'is' : 'are'} no longer shared.</strong
    >
    Your Grantkeeper operator has been notified. If you left ${accounts === 1 ? 'it' : 'them'} out by mistake, ask
    your operator for a new link.
  </p>`;
}

export function otherAccount({ connectionId, provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 403,
    title: 'That was another account',
    body: html`<p>
        The connection <strong>${connectionId}</strong> belongs to another account at ${provider.displayName}, so
        your login was not stored.
      </p>
      ${endedPerhaps(provider)}
      <p>${beginAgain(from)} and log in with the account that you used the first time.</p>
      <p class="dim">
        Do you want to use the new account? Your Grantkeeper operator has been notified and can allow it.
      </p>`,
  });
}

export function accountUnknown({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: 'Your account could not be checked',
    body: html`<p>
        ${provider.displayName} did not say whose login it was, so nothing was stored. Your Grantkeeper operator has
        been notified.
      </p>
      ${endedPerhaps(provider)} ${onceMore(from)}`,
  });
}

function endedPerhaps({ displayName, loginEndsPreviousGrant }: Settings['provider']): Html {
  return loginEndsPreviousGrant
    ? html`<p>A login at ${displayName} can end the access that you allowed before. The connection may not work until you log in with the right account.</p>`
    : html``;
}

/** The login's tokens are stored, but not used before its account is checked. */
export function beingChecked({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 202,
    title: 'Your login is being checked',
    body: html`<p>
        ${provider.displayName} accepted your login, but could not tell us yet which account it was. Your login is saved.
      </p>
      <p>
        You need not do anything. Grantkeeper checks it as soon as ${provider.displayName} answers, and sends you a message
        if you have to log in again.
      </p>`,
  });
}

export function beingCompleted(): HttpResponse {
  return page({
    statusCode: 202,
    title: 'One moment: your login is being completed',
    body: html`<p>Reload this page in a few seconds. You need not log in again.</p>`,
  });
}

export function declined({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 200,
    title: 'Nothing was changed',
    body: html`<p>You did not allow the access at ${provider.displayName}, so everything stays as it was.</p>
      <p>Did you not intend that? ${beginAgain(from)}.</p>`,
  });
}

/** The provider is down, or its login page had expired. */
export function tryAgain({ provider }: Settings, error: string, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} could not log you in`,
    body: html`<p>It answered <code>${error}</code>. Nothing was changed, and your link still works.</p>
      <p>Wait a minute. ${beginAgain(from)} and log in once more.</p>
      <p class="dim">If it happens again, tell your Grantkeeper operator what it answered.</p>`,
  });
}

/** The provider needed another answer from the owner. */
export function unfinished({ provider }: Settings, error: string, from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'Your login was not finished',
    body: html`<p>
        ${provider.displayName} needed one more step from you: it answered <code>${error}</code>. Nothing was changed.
      </p>
      <p>${beginAgain(from)} and answer everything that ${provider.displayName} asks.</p>
      <p class="dim">If it happens again, tell your Grantkeeper operator what it answered.</p>`,
  });
}

export function otherIssuer({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 400,
    title: 'Your login could not be verified',
    body: html`<p>
        The answer does not come from ${provider.displayName} as it is configured, so nothing was stored. Your Grantkeeper
        operator has been notified and has to look into it.
      </p>
      <p class="dim">Your link still works. Your operator will tell you when to try again.</p>`,
  });
}

export function codeRefused(from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'That took a little too long',
    body: html`<p>The provider's confirmation is valid for a few seconds only, and had expired.</p>
      ${onceMore(from)}`,
  });
}

export function providerUnavailable({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} did not answer`,
    body: html`<p>Your login could not be completed.</p>
      ${onceMore(from)}`,
  });
}

export function operatorMustAct({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} refused this installation`,
    body: html`<p>
        This is not your fault. Your Grantkeeper operator has been notified and has to fix it.
      </p>
      <p class="dim">Your link still works. Your operator will tell you when to try again.</p>`,
  });
}

export function noRoom({ owner }: Settings, untilMs: number): HttpResponse {
  return page({
    statusCode: 503,
    title: 'Too many logins within a day',
    body: html`<p>
        Your login could not be stored, because this connection had too many logins since yesterday. Nothing was
        changed.
      </p>
      <p class="dim">
        Your link still works. Open it again after ${instant(untilMs, owner.timeZone)}. Your Grantkeeper operator has
        been notified.
      </p>`,
  });
}

export function usedAlready(from: From): HttpResponse {
  return page({
    statusCode: 409,
    title: 'This login was used already',
    body: html`<p>The page was loaded twice, and a login works once.</p>
      ${onceMore(from)}`,
  });
}

export function otherBrowser(from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'This login began in another browser',
    body: html`<p>For your safety you have to finish a login in the browser in which you began it, with cookies allowed.</p>
      ${onceMore(from)}`,
  });
}

export function tooLate(from: From): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This login came too late',
    body:
      from.reason === 'panel'
        ? html`<p>It took more than an hour. ${beginAgain(from)}.</p>`
        : html`<p>
            Its link has expired. Find the newest message from Grantkeeper and use the link in it.
          </p>`,
  });
}

export function notOurs(): HttpResponse {
  return page({
    statusCode: 400,
    title: 'This login is not known',
    body: html`<p>The address is incomplete, or was changed on the way.</p>
      <p>Open the link in your message again, or go back to the panel if you came from there.</p>`,
  });
}

export function removed(): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was removed',
    body: html`<p>It is no longer in Grantkeeper’s configuration. Nothing was stored.</p>
      <p>If you still need it, ask your Grantkeeper operator.</p>`,
  });
}
