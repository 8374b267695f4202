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

/** Nobody mistypes a link this often; 256 random bits are not found by guessing, but need not be tried for free either. */
const guesses = { most: 20, windowMs: 10 * 60_000 };
/**
 * Starts of one link: a scanner's, an owner's who tries again. Only the newest 30 are kept, so a flood would end a login:
 * whatever quarter of an hour a login takes touches two of these windows, and no more than 30 starts.
 */
const presses = { most: 15, windowMs: startGraceMs };

/**
 * The emailed link. `GET` shows what will happen; `POST` makes a start of its own and leads to the provider.
 * Mail scanners do both, so neither consumes the link: only completion or expiry does.
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
  // Before anything is counted: no other page can use up the attempts of its visitor's network.
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
  // A callback can die after it stored the tokens: then the record is closed, and only this item is not.
  const loggedInSince = grant.authorization === undefined && grant.status === 'active';
  if (status === 'completed' || loggedInSince) {
    if (!isNeeded(settings, grant, nowMs)) {
      return page({
        statusCode: 410,
        title: 'You have logged in already',
        body: html`<p>This link has done its work: the connection was renewed. You need not do anything.</p>`,
      });
    }
    return neededAgain(settings, grant, nowMs);
  }
  // Until the newer one has reached somebody, those before it go on working.
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
        Grantkeeper keeps the connection <strong>${connectionId}</strong> to ${name} alive and asks you to log
        in.
      </p>
      ${health(settings, grant, nowMs)}
      <form method="post"><button>Continue to ${name}</button></form>
      <p class="dim">
        You type your password at ${name} and nowhere else; it is not seen or kept here. This link works until
        ${instant(authorization.expiresAtMs, owner.timeZone)}.
      </p>`,
  });
}

/** How the connection stands, and what a login changes. */
function health(settings: Settings, grant: Grant, nowMs: number): Html {
  const paused = 'Whoever runs Grantkeeper for you has paused it: then it works when they let it go on.';
  const again = isPaused(settings, grant)
    ? `can be renewed by logging in. ${paused}`
    : 'works again as soon as you have logged in.';
  if (grant.status === 'never-authorized') {
    return isPaused(settings, grant)
      ? html`<p>It is not connected yet; logging in connects it. ${paused}</p>`
      : html`<p>It is not connected yet, and starts to work as soon as you have logged in.</p>`;
  }
  if (grant.status === 'disconnected') return html`<p>It was ended, and ${again}</p>`;
  const schedule = reminderScheduleOf(settings, grant);
  if (grant.status === 'rejected' || (schedule && nowMs >= schedule.deadlineMs)) {
    return html`<p>It has ended, and ${again}</p>`;
  }
  if (isPaused(settings, grant)) return html`<p>Logging in now renews it. ${paused}</p>`;
  if (grant.accessExpiresAtMs !== undefined && nowMs >= grant.accessExpiresAtMs) {
    return html`<p>It does not work at the moment, and may work again as soon as you have logged in.</p>`;
  }
  const until =
    schedule && html` until <strong>${instant(schedule.deadlineMs, settings.owner.timeZone, nowMs)}</strong>`;
  return html`<p>Everything goes on working${until ?? ''}; logging in now renews it.</p>`;
}

function notALink(): HttpResponse {
  return page({
    statusCode: 404,
    title: 'This link is not valid',
    body: html`<p>
      Mail programs sometimes cut long links. Please open it again from the mail, or copy the whole of it.
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
      Only the newest link works. Please use that of the latest message from Grantkeeper. If none has come, whoever runs it
      for you has it.
    </p>`,
  });
}

function removed(): HttpResponse {
  return page({
    statusCode: 410,
    title: 'This connection was removed',
    body: html`<p>
      Grantkeeper does not look after it any more. If that is a surprise, ask whoever runs Grantkeeper for
      you.
    </p>`,
  });
}
