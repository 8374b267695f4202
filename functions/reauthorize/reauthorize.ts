import { isPaused } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { isEndedFor, startGraceMs } from '../../core/grant.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { parseLinkPath } from '../../core/link.ts';
import type { Authorization } from '../../core/authorization.ts';
import type { Authorizations, Grants, RateLimits, Workflow } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpRequest, HttpResponse } from '../../app/pages/http.ts';
import { cookieOf, isForeign, setCookie, sourceOf } from '../../app/pages/http.ts';
import { instant } from '../../app/pages/instant.ts';
import {
  beginAgain,
  ended,
  isNeeded,
  neededAgain,
  newerLink,
  page,
  seeOther,
} from '../../app/pages/pages.ts';
import type { StartLoginPorts } from '../../app/login/start-login.ts';
import { startLogin } from '../../app/login/start-login.ts';
import { reporting } from '../../app/notices/report.ts';

export interface ReauthorizePorts extends StartLoginPorts {
  readonly grants: StartLoginPorts['grants'] & Pick<Grants, 'read'>;
  readonly authorizations: StartLoginPorts['authorizations'] & Pick<Authorizations, 'read'>;
  readonly workflow: StartLoginPorts['workflow'] & Pick<Workflow, 'report'>;
  readonly limits: RateLimits;
}

/** Limits guessed links of one network. Nobody mistypes a link this often. */
const guesses = { most: 20, windowMs: 10 * 60_000 };
/**
 * Limits the starts of one link, by mail scanners and by an owner who tries again. Only the newest 30 starts are kept, so
 * more would end a login. A login of 15 minutes touches two of these windows, which hold 30 starts at most.
 */
const presses = { most: 15, windowMs: startGraceMs };

/**
 * Serves the emailed link. `GET` shows what will happen. `POST` records a start and redirects to the provider.
 * Mail scanners do both, so neither consumes the link. Only completion or expiry ends it.
 * @see RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9700 §2.1
 */
export async function reauthorize(request: HttpRequest, ports: ReauthorizePorts): Promise<HttpResponse> {
  const link = parseLinkPath(request.rawPath);
  if (link === undefined) return notALink();
  const { connectionId, authorizationId } = link;
  const nowMs = ports.clock.nowMs();
  const source = `source#${sourceOf(request)}`;
  const [authorization, { settings, grant }, guessed] = await Promise.all([
    ports.authorizations.read(connectionId, authorizationId),
    ports.grants.read(connectionId),
    ports.limits.read(connectionId, source, guesses.windowMs, nowMs),
  ]);
  // Check this before counting, so that another site's page cannot use up the attempts of its visitor's network.
  if (isForeign(request, settings?.publicUrl ?? '')) return foreign();
  if (guessed >= guesses.most) return tooOften();
  if (!authorization?.linkHashes.includes(ports.random.hash(link.random))) {
    await ports.limits.count(connectionId, source, guesses.windowMs, nowMs);
    return notALink();
  }
  if (settings === undefined) return removed();
  if (isEndedFor(authorizationId, grant)) return ended(settings);
  const closed = closedPage(settings, authorization, grant, nowMs);
  if (closed) return closed;
  if (request.requestContext.http.method !== 'POST') return invitation(settings, grant, authorization, nowMs);
  return reporting(connectionId, 'Reauthorize', ports.workflow, async () => {
    const pressed = await ports.limits.count(
      connectionId,
      `link#${authorizationId}`,
      presses.windowMs,
      nowMs,
    );
    return pressed > presses.most ? tooOften() : start(request, settings, authorization, ports);
  });
}

async function start(
  request: HttpRequest,
  settings: Settings,
  authorization: Authorization,
  ports: ReauthorizePorts,
): Promise<HttpResponse> {
  const started = await startLogin(settings, authorization, cookieOf(request, 'login'), ports);
  return started === undefined ? superseded() : seeOther(started.url, setCookie('login', started.cookie));
}

/** Undefined while the link works. */
function closedPage(
  settings: Settings,
  authorization: Authorization,
  grant: Grant,
  nowMs: number,
): HttpResponse | undefined {
  const { status, authorizationId, expiresAtMs } = authorization;
  // A callback can die after it recorded the tokens. Then the grant record has no authorization, but this item is still open.
  const loggedInSince = grant.authorization === undefined && grant.status === 'active';
  if (status === 'completed' || loggedInSince) {
    if (!isNeeded(settings, grant, nowMs)) {
      return page({
        statusCode: 410,
        title: 'You have logged in already',
        body: html`<p>You logged in with this link, and the connection was renewed. You need not do anything.</p>`,
      });
    }
    return neededAgain(settings, grant, nowMs);
  }
  // Older links work until the newer one has been sent.
  const open = grant.authorization;
  const isNewest = open?.authorizationId === authorizationId;
  const isYetToEnd = open?.supersedes?.some((each) => each.authorizationId === authorizationId) ?? false;
  if (status === 'superseded' || !(isNewest || isYetToEnd)) return superseded();
  if (status === 'expired' || nowMs >= expiresAtMs) {
    return page({
      statusCode: 410,
      title: 'This link has expired',
      body:
        authorization.reason === 'panel'
          ? html`<p>Links of the panel work for an hour. ${beginAgain(authorization)}.</p>`
          : newerLink(settings, grant, nowMs),
    });
  }
  return undefined;
}

function invitation(
  settings: Settings,
  grant: Grant,
  authorization: Authorization,
  nowMs: number,
): HttpResponse {
  const { connectionId, provider, owner } = settings;
  const name = provider.displayName;
  return page({
    statusCode: 200,
    title: `Log in to ${name}`,
    body: html`<p>
        Grantkeeper asks you to log in for the connection <strong>${connectionId}</strong> to ${name}.
      </p>
      ${health(settings, grant, nowMs)}
      <form method="post"><button>Continue to ${name}</button></form>
      <p class="dim">
        Enter your password at ${name} and nowhere else. Grantkeeper never sees it. This link works until
        ${instant(authorization.expiresAtMs, owner.timeZone)}.
      </p>`,
  });
}

/** The state of the connection, and what a login changes. */
function health(settings: Settings, grant: Grant, nowMs: number): Html {
  const { status, accessExpiresAtMs } = grant;
  const schedule = status === 'disconnected' ? undefined : reminderScheduleOf(settings, grant);
  const hasEnded = status === 'rejected' || (schedule !== undefined && nowMs >= schedule.deadlineMs);
  const until =
    schedule && html` until <strong>${instant(schedule.deadlineMs, settings.owner.timeZone, nowMs)}</strong>`;
  if (isPaused(settings, grant)) {
    const paused = 'Your Grantkeeper operator has paused it. It works again when they resume it.';
    if (status === 'never-authorized')
      return html`<p>It is not connected yet. Log in to connect it. ${paused}</p>`;
    if (status === 'disconnected') return html`<p>It was disconnected. Log in to renew it. ${paused}</p>`;
    if (hasEnded) return html`<p>It has ended. Log in to renew it. ${paused}</p>`;
    return html`<p>Log in now to renew it. ${paused}</p>`;
  }
  if (status === 'never-authorized') return html`<p>It is not connected yet. Log in to connect it.</p>`;
  if (status === 'disconnected') return html`<p>It was disconnected. Log in to restore it.</p>`;
  if (hasEnded) return html`<p>It has stopped working. Log in to restore it.</p>`;
  if (accessExpiresAtMs !== undefined && nowMs >= accessExpiresAtMs) {
    return html`<p>It does not work at the moment. It may work again when you have logged in.</p>`;
  }
  return html`<p>It works${until ?? ''}. Log in now to renew it.</p>`;
}

function notALink(): HttpResponse {
  return page({
    statusCode: 404,
    title: 'This link is not valid',
    body: html`<p>
      Mail programs sometimes cut long links. Open it from the mail again, or copy the whole link.
    </p>`,
  });
}

function foreign(): HttpResponse {
  return page({
    statusCode: 403,
    title: 'Another site sent you here',
    body: html`<p>A page of another site tried to begin your login. Nothing was changed.</p>
      <p>To log in, open the link in your message from Grantkeeper and press the button there.</p>`,
  });
}

function tooOften(): HttpResponse {
  const answer = page({
    statusCode: 429,
    title: 'Too many attempts',
    body: html`<p>Please wait ten minutes, then open your link again. It still works.</p>`,
  });
  return { ...answer, headers: { ...answer.headers, 'retry-after': '600' } };
}

function superseded(): HttpResponse {
  return page({
    statusCode: 410,
    title: 'A newer link was sent',
    body: html`<p>
      Only the newest link works. Use the one in the latest message from Grantkeeper. If no message has come, ask your
      Grantkeeper operator for the link.
    </p>`,
  });
}

function removed(): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was removed',
    body: html`<p>
      It is no longer in Grantkeeper’s configuration. If you still need it, ask your Grantkeeper operator.
    </p>`,
  });
}
