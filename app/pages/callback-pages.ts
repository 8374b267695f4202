import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Authorization } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpResponse } from './http.ts';
import { instant } from './instant.ts';
import { beginAgain, page } from './pages.ts';

/** Of the login that came to nothing. */
type From = Pick<Authorization, 'connectionId' | 'reason'>;

function onceMore(from: From): Html {
  return html`<p>${beginAgain(from)} and log in once more.</p>`;
}

export interface Connected {
  readonly from: From;
  readonly nowMs: number;
  /** Until when the grant stands, where the provider sets an end. */
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
      : html`It is good until <strong>${instant(deadlineMs, owner.timeZone, nowMs)}</strong>.`;
  const notified =
    deadlineMs === undefined ? 'There is nothing more to do.' : 'You will get a mail in time before that.';
  const paused =
    'Whoever runs Grantkeeper for you has paused the connection: it works, and you are told in time, when they let it go on.';
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
      ${accounts === 1 ? 'is' : 'are'} not shared any more.</strong
    >
    If you left ${accounts === 1 ? 'it' : 'them'} out by mistake, ask whoever runs Grantkeeper for you for a new
    link: they know.
  </p>`;
}

export function otherAccount({ connectionId, provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 403,
    title: 'That was another account',
    body: html`<p>
        You logged in to ${provider.displayName} as somebody other than the connection
        <strong>${connectionId}</strong> was made for, so nothing was stored.
      </p>
      ${endedPerhaps(provider)}
      <p>${beginAgain(from)} and log in with the account that you used the first time.</p>
      <p class="dim">
        Is the new account meant? Whoever runs Grantkeeper for you has been told, and can allow it.
      </p>`,
  });
}

export function accountUnknown({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: 'Your account could not be checked',
    body: html`<p>
        ${provider.displayName} did not say whose login it was, so nothing was stored. Whoever runs Grantkeeper for
        you has been told.
      </p>
      ${endedPerhaps(provider)} ${onceMore(from)}`,
  });
}

function endedPerhaps({ displayName, loginEndsPreviousGrant }: Settings['provider']): Html {
  return loginEndsPreviousGrant
    ? html`<p>At ${displayName} a login can end what was allowed before. Until the right account logs in, the connection may stop working.</p>`
    : html``;
}

/** The login's tokens are stored, and not used yet. */
export function beingChecked({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 202,
    title: 'Your login is being checked',
    body: html`<p>
        ${provider.displayName} accepted your login, but could not tell us yet which account it was. Your login is saved.
      </p>
      <p>
        You need not do anything: we go on by ourselves as soon as ${provider.displayName} answers. If we still need you, you get
        another message.
      </p>`,
  });
}

export function beingCompleted(): HttpResponse {
  return page({
    statusCode: 202,
    title: 'One moment: your login is being completed',
    body: html`<p>Load this page again in some seconds. You need not log in again.</p>`,
  });
}

export function declined({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 200,
    title: 'Nothing was changed',
    body: html`<p>You did not allow the access at ${provider.displayName}, so everything stays as it was.</p>
      <p>Was that not your intention? ${beginAgain(from)}.</p>`,
  });
}

/** The provider is down, or its login page had expired. */
export function refusedAction({ provider }: Settings, error: string, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} could not log you in just now`,
    body: html`<p>It answered <code>${error}</code>. Nothing was changed, and your link goes on working.</p>
      <p>Wait a minute. ${beginAgain(from)} and log in once more.</p>
      <p class="dim">If it happens again, tell whoever runs Grantkeeper for you what it answered.</p>`,
  });
}

/** The provider needed another answer from the owner. */
export function unfinished({ provider }: Settings, error: string, from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'Your login was not finished',
    body: html`<p>
        ${provider.displayName} wanted one more step from you, and did not get it: it answered <code>${error}</code>.
        Nothing was changed.
      </p>
      <p>${beginAgain(from)}, and answer all that ${provider.displayName} asks.</p>
      <p class="dim">If it happens again, tell whoever runs Grantkeeper for you what it answered.</p>`,
  });
}

export function otherIssuer({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 400,
    title: 'Your login could not be verified',
    body: html`<p>
        The answer does not come from ${provider.displayName} as this connection knows it, so nothing was stored. Whoever
        runs Grantkeeper for you has been told, and has something to mend or to look into.
      </p>
      <p class="dim">Your link goes on working. They will tell you when to try again.</p>`,
  });
}

export function codeRefused(from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'That took a little too long',
    body: html`<p>The provider's confirmation is only good for some seconds and was not accepted any more.</p>
      ${onceMore(from)}`,
  });
}

export function providerUnavailable({ provider }: Settings, from: From): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} did not answer`,
    body: html`<p>Your login could not be completed just now.</p>
      ${onceMore(from)}`,
  });
}

export function operatorMustAct({ provider }: Settings): HttpResponse {
  return page({
    statusCode: 502,
    title: `${provider.displayName} refused this installation`,
    body: html`<p>
        This is not your fault, and you cannot mend it: whoever runs Grantkeeper for you has been told.
      </p>
      <p class="dim">Your link goes on working. They will tell you when to try again.</p>`,
  });
}

export function noRoom({ owner }: Settings, untilMs: number): HttpResponse {
  return page({
    statusCode: 503,
    title: 'Too many logins within a day',
    body: html`<p>
        Your login could not be stored, and nothing was changed: this connection was logged in to or ended too
        often since yesterday.
      </p>
      <p class="dim">
        Your link goes on working. Press it again after ${instant(untilMs, owner.timeZone)}. Whoever runs
        Grantkeeper for you has been told.
      </p>`,
  });
}

export function usedAlready(from: From): HttpResponse {
  return page({
    statusCode: 409,
    title: 'This login was used already',
    body: html`<p>The page was loaded twice.</p>
      ${onceMore(from)}`,
  });
}

export function otherBrowser(from: From): HttpResponse {
  return page({
    statusCode: 400,
    title: 'This login began in another browser',
    body: html`<p>For your safety a login ends in the browser in which it began, with cookies allowed.</p>
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
            Its link has expired. Please look for a newer mail from Grantkeeper and use the link there.
          </p>`,
  });
}

export function notOurs(): HttpResponse {
  return page({
    statusCode: 400,
    title: 'This is not a login we know',
    body: html`<p>The address lacks something, or was changed on the way.</p>
      <p>Begin once more: open the link in your mail again, or go back to the panel if you came from there.</p>`,
  });
}

export function removed(): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was removed',
    body: html`<p>Grantkeeper does not look after it any more. Nothing was stored.</p>
      <p>If that is a surprise, ask whoever runs Grantkeeper for you.</p>`,
  });
}
