import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { grantEndsAtMs } from '../../core/forecast.ts';
import type { ListedConnection } from '../../core/panel.ts';
import type { Settings } from '../../core/settings.ts';
import type { Problem, Health } from '../../core/health.ts';
import { problemsOf, needsSomebody, healthOf } from '../../core/health.ts';
import type { HttpResponse } from '../pages/http.ts';
import { countdown, instant } from '../pages/instant.ts';
import { panelPage, paths } from './panel-page.ts';
import type { SignedInUser } from './signed-in-user.ts';
import { healthLabels } from '../labels.ts';
import { badge, sentence } from './problems.ts';

export interface Overview {
  readonly connections: readonly ListedConnection[];
  readonly executionUrl: string;
  readonly user: SignedInUser;
  readonly nowMs: number;
  /** `q`: part of a name. `health`: one of the codes. */
  readonly filter: URLSearchParams;
}

interface Row extends ListedConnection {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  readonly health: Health;
}

const healths = Object.keys(healthLabels) as Health[];

/** Every connection, the worst first. */
export function overviewPage({ connections, executionUrl, user, nowMs, filter }: Overview): HttpResponse {
  const rows = connections
    .flatMap((connection) => rowOf(connection, nowMs))
    .toSorted((a, b) => healths.indexOf(a.health) - healths.indexOf(b.health));
  const sought = filter.get('q')?.trim().slice(0, 60) ?? '';
  const chosen = healths.find((health) => health === filter.get('health'));
  const isShown = ({ health, ...row }: Row) =>
    searchText(row).includes(sought.toLowerCase()) && (chosen === undefined || health === chosen);
  const shown = new Set(rows.filter(isShown));
  const body = html`<h1>Connections</h1>
    <p id="needing" class="unseen" role="status" data-part>${attentionText(rows)}</p>
    <div id="attention" data-part>${attention(rows, executionUrl, nowMs)}</div>
    <form class="filter" method="get" role="search">
      <label>Find <input type="search" name="q" value="${sought}" maxlength="60" data-filter /></label>
      <label>
        Status
        <select name="health" data-filter-health>
          <option value="">any</option>
          ${healths.map(
            (health) =>
              html`<option value="${health}"${health === chosen ? html` selected` : ''}>${healthLabels[health]}</option>`,
          )}
        </select>
      </label>
      <button>Show</button>
    </form>
    <p class="dim" role="status" data-shown>${shown.size} of ${rows.length} connections</p>
    <ul id="connections" class="connections" data-part>
      ${rows.map((row) => listed(row, shown.has(row), nowMs))}
    </ul>`;
  return panelPage({ statusCode: 200, title: 'Connections', body, nowMs, user, isLive: true });
}

/** The text for screen readers. It changes when another connection needs attention, not as time passes. */
function attentionText(rows: readonly Row[]): string {
  const needing = rows.filter(({ problems }) => problems.some(needsSomebody));
  return needing.map(({ connectionId, health }) => `${connectionId}: ${healthLabels[health]}`).join(', ');
}

/** The text in which a search looks. */
function searchText({ connectionId, settings }: Pick<Row, 'connectionId' | 'settings'>): string {
  return `${connectionId} ${settings.provider.displayName} ${settings.owner.name ?? ''} ${settings.owner.email}`.toLowerCase();
}

function rowOf(connection: ListedConnection, nowMs: number): Row[] {
  const { settings, grant, incidents } = connection;
  if (settings === undefined) return [];
  const problems = problemsOf(settings, grant, incidents, nowMs);
  return [{ ...connection, settings, problems, health: healthOf(problems) }];
}

/** The warning banner: the problems of each connection that needs attention, the worst first. */
function attention(rows: readonly Row[], executionUrl: string, nowMs: number): Html {
  const needing = rows.filter(({ problems }) => problems.some(needsSomebody));
  if (needing.length === 0) return html`<p class="all-well">Nothing needs attention.</p>`;
  return html`<section class="banner ${needing[0]!.health}" aria-label="What needs attention">
    <ul>
      ${needing.slice(0, 10).map(
        ({ connectionId, settings, grant, problems }) =>
          html`<li>
            <a href="${paths.connection(connectionId)}">${connectionId}</a>
            ${problems.slice(0, 3).map((problem) => html`${sentence(problem, { settings, grant, nowMs, executionUrl })} `)}
          </li>`,
      )}
      ${needing.length > 10 ? html`<li>and ${needing.length - 10} more, below.</li>` : ''}
    </ul>
  </section>`;
}

/** A filtered-out row is hidden and not left out, so that the script can show it without a request. */
function listed(row: Row, isShown: boolean, nowMs: number): Html {
  const { connectionId, settings, grant, health } = row;
  const { timeZone } = settings.owner;
  const when = (epochMs: number | undefined) =>
    epochMs === undefined
      ? html`–`
      : html`${countdown(epochMs, nowMs)} <small>${instant(epochMs, timeZone, nowMs)}</small>`;
  const end = grantEndsAtMs(settings, grant);
  const verb = (epochMs: number | undefined) =>
    epochMs !== undefined && epochMs <= nowMs ? 'ended' : 'ends';
  return html`<li class="card" id="connection-${connectionId}" data-search="${searchText(row)}" data-health="${health}"${isShown ? '' : html` hidden`}>
    <h2><a href="${paths.connection(connectionId)}">${connectionId}</a> ${badge(health)}</h2>
    <p class="dim">${settings.provider.displayName} · ${settings.owner.name ?? settings.owner.email}</p>
    <dl>
      <div><dt>Access token ${verb(grant.accessExpiresAtMs)}</dt><dd>${when(grant.accessExpiresAtMs)}</dd></div>
      <div>
        <dt>Grant ${verb(end)}</dt>
        <dd>${grant.status === 'active' && end === undefined ? 'The provider sets no end.' : when(end)}</dd>
      </div>
    </dl>
  </li>`;
}
