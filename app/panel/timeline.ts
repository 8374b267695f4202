import type { EventKind, TimelineEvent } from '../../core/event.ts';
import { eventKinds, newestFirst } from '../../core/event.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { EventsFound } from '../../core/panel.ts';
import { splitScreenshot } from './problems.ts';
import { instant } from '../pages/instant.ts';
import { paths } from './panel-page.ts';
import type { Fact } from '../labels.ts';
import { eventLabelOf, factsOf } from '../labels.ts';

const kindLabels = {
  check: 'Checks',
  refresh: 'Refreshes',
  notice: 'Notices',
  login: 'Logins',
  failure: 'Failures',
  action: 'Actions',
} as const satisfies Record<EventKind, string>;

export const kinds = Object.keys(kindLabels) as EventKind[];

export interface Timeline {
  readonly connectionId: string;
  readonly found: EventsFound;
  readonly kind: EventKind | undefined;
  /** True if it begins at the newest event. */
  readonly isNewest: boolean;
  readonly timeZone: string;
  readonly executionUrl: string;
}

/** The events, newest first, a page at a time. */
export function timeline({ connectionId, found, kind, isNewest, timeZone, executionUrl }: Timeline): Html {
  const path = paths.connection(connectionId);
  const href = (of: EventKind | undefined, before?: string) => {
    const query = new URLSearchParams({ ...(of && { kind: of }), ...(before && { before }) }).toString();
    return `${path}${query && `?${query}`}#timeline`;
  };
  const choice = (of: EventKind | undefined, label: string) =>
    html`<li><a href="${href(of)}"${of === kind ? html` aria-current="true"` : ''}>${label}</a></li>`;
  return html`<section id="timeline" aria-labelledby="timeline-title">
    <h2 id="timeline-title">Timeline</h2>
    <nav aria-label="Kinds of events">
      <ul class="choices">
        ${choice(undefined, 'All')}${kinds.map((of) => choice(of, kindLabels[of]))}
      </ul>
    </nav>
    <ol class="timeline">
      ${newestFirst(found.events).map((event) => listed(event, timeZone, executionUrl))}
    </ol>
    ${found.events.length === 0 ? html`<p class="dim">${found.before ? 'None among the newest events.' : 'Nothing yet.'}</p>` : ''}
    <p class="pages">
      ${isNewest ? '' : html`<a class="button quiet" href="${href(kind)}">Newest</a>`}
      ${found.before ? html`<a class="button quiet" href="${href(kind, found.before)}">Older</a>` : ''}
    </p>
  </section>`;
}

function listed({ key, at, type, details }: TimelineEvent, timeZone: string, executionUrl: string): Html {
  const { executionId } = details;
  const kind = eventKinds[type] ?? 'check';
  const label = eventLabelOf({ type, details });
  const when = instant(Date.parse(at), timeZone);
  return html`<li class="${kind}" id="event-${key}">
    ${when}
    <span><strong>${label}</strong>${factsOf({ type, details }).map((fact) => html` <span class="fact">${shownFact(fact, timeZone)}</span>`)}</span>
    ${
      typeof executionId === 'string'
        ? html`<a href="${executionUrl}${executionId}">Execution<span class="unseen"> of: ${label}, ${when}</span></a>`
        : ''
    }
  </li>`;
}

/** `bdi` keeps a right-to-left text from reordering the text around it. */
function shownFact({ name, label, text, atMs }: Fact, timeZone: string): Html {
  if (name === 'screenshot') return pictureAt(text);
  if (atMs !== undefined) return html`${label}${instant(atMs, timeZone)}`;
  const { message, screenshot } = splitScreenshot(text);
  return html`${label}<bdi>${message}</bdi>${screenshot === undefined ? '' : html` ${pictureAt(screenshot)}`}`;
}

function pictureAt(url: string): Html {
  return html`<a href="${url}">screenshot</a>`;
}
