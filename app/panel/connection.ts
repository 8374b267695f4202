import type { EventKind } from '../../core/event.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { grantEndsAtMs, forecastOf } from '../../core/forecast.ts';
import type { EventsFound, ListedConnection } from '../../core/panel.ts';
import type { Settings } from '../../core/settings.ts';
import { problemsOf, healthOf } from '../../core/health.ts';
import type { HttpResponse } from '../pages/http.ts';
import { countdown, instant } from '../pages/instant.ts';
import { panelPage } from './panel-page.ts';
import type { SignedInUser } from './signed-in-user.ts';
import { decisionLabel, healthLabels } from '../labels.ts';
import { actions } from './actions.ts';
import { badge, banner } from './problems.ts';
import { timeline } from './timeline.ts';
import { week } from './week.ts';

export interface ConnectionView {
  readonly connection: ListedConnection & { readonly settings: Settings };
  readonly found: EventsFound;
  readonly kind: EventKind | undefined;
  readonly isNewest: boolean;
  readonly executionUrl: string;
  readonly user: SignedInUser;
  readonly nowMs: number;
  /** The result of the action before, if there was one. */
  readonly actionResult: string | undefined;
}

/** One connection: its health and why, what comes next, the actions, the timeline. */
export function connectionPage(view: ConnectionView): HttpResponse {
  const { connection, user, nowMs, executionUrl, found, kind, isNewest, actionResult } = view;
  const { connectionId, settings, grant, incidents } = connection;
  const { timeZone } = settings.owner;
  const problems = problemsOf(settings, grant, incidents, nowMs);
  const body = html`<h1 id="name" data-part>${connectionId} ${badge(healthOf(problems))}</h1>
    <p id="health" class="unseen" role="status" data-part>${healthLabels[healthOf(problems)]}</p>
    <p class="dim">
      ${settings.provider.displayName} · owner ${settings.owner.name ?? ''} &lt;${settings.owner.email}&gt; · ${timeZone}
    </p>
    ${actionResult === undefined ? '' : html`<p class="done" role="status">${actionResult}</p>`}
    <div id="attention" data-part>${banner(problems, { settings, grant, nowMs, executionUrl })}</div>
    <div id="lives" class="lives" data-part>${lives(connection, nowMs)}</div>
    <section id="actions" class="actions" aria-label="Actions" data-part>${actions(connection, user, nowMs)}</section>
    <section aria-labelledby="week-heading">
      <h2 id="week-heading">The coming week</h2>
      <div id="week" data-part>${week(settings, grant, problems, nowMs)}</div>
    </section>
    <div id="events" data-part>
      ${timeline({ connectionId, found, kind, isNewest, timeZone, executionUrl })}
    </div>`;
  return panelPage({ statusCode: 200, title: connectionId, body, nowMs, user, isLive: true });
}

/** When each token ends, and what comes next. */
function lives({ settings, grant }: ConnectionView['connection'], nowMs: number): Html {
  const { timeZone } = settings.owner;
  const tile = (title: string, epochMs: number | undefined, otherwise: string) =>
    html`<section class="card">
      <h2>${title}</h2>
      ${
        epochMs === undefined
          ? html`<p>${otherwise}</p>`
          : html`<p class="big">${countdown(epochMs, nowMs)}</p>
              <p class="dim">${instant(epochMs, timeZone, nowMs)}</p>`
      }
    </section>`;
  const { accessExpiresAtMs } = grant;
  const endsMs = grantEndsAtMs(settings, grant);
  const hasEnded = (epochMs: number | undefined) => epochMs !== undefined && epochMs <= nowMs;
  return html`${tile(hasEnded(accessExpiresAtMs) ? 'Access token ended' : 'Access token ends', accessExpiresAtMs, 'None stored.')}
    ${tile(hasEnded(endsMs) ? 'Grant ended' : 'Grant ends', endsMs, grant.status === 'active' ? 'The provider sets no end.' : 'Not connected.')}
    <section class="card">
      <h2>Next</h2>
      ${next(settings, grant, nowMs)}
    </section>`;
}

function next(settings: Settings, grant: ConnectionView['connection']['grant'], nowMs: number): Html {
  const { timeZone } = settings.owner;
  const { nextCheckMs, decision, nextReminderMs } = forecastOf(settings, grant, nowMs);
  const check =
    nextCheckMs === undefined
      ? html`<p>The schedule has not started the first check yet.</p>`
      : html`<p class="big">${countdown(nextCheckMs, nowMs)}</p>
          <p>${decisionLabel(decision)}.</p>
          <p class="dim">${instant(nextCheckMs, timeZone)}</p>`;
  return html`${check}
  ${nextReminderMs === undefined ? '' : html`<p class="dim">Next reminder to ${settings.owner.name ?? settings.owner.email}: ${countdown(nextReminderMs, nowMs)}, ${instant(nextReminderMs, timeZone)}.</p>`}`;
}
