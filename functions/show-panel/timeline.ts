import type { EventKind, TimelineEvent } from '../../core/event.ts';
import { eventKinds } from '../../core/event.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { EventsFound } from '../../core/ports.ts';
import { instant } from '../instant.ts';
import { paths } from '../panel-page.ts';
import { actionWords, decisionWords, reasonWords, revocationWords } from '../words.ts';

const kindWords = {
  check: 'Checks',
  refresh: 'Refreshes',
  notice: 'Notices',
  login: 'Logins',
  failure: 'Failures',
  action: 'Actions',
} as const satisfies Record<EventKind, string>;

export const kinds = Object.keys(kindWords) as EventKind[];

const typeWords = {
  checked: 'Checked',
  refreshed: 'Refreshed the access token',
  fresh: 'Nothing to refresh: it had just been done',
  dropped: 'Dropped a refresh: a newer login stands',
  rejected: 'The provider rejected the grant',
  'login-recovered': 'Completed a login whose page had died',
  'login-lost': 'A login came to nothing',
  asked: 'Asked the owner to log in',
  notified: 'Told the owner',
  tested: 'Sent a test notice',
  started: 'The owner began to log in',
  completed: 'The owner logged in',
  declined: 'The owner declined',
  'exchange-failed': 'A login failed at the provider',
  'identity-refused': 'A login was refused: another account',
  failed: 'Failed, and operators were alerted',
  recovered: 'Works again',
  requested: 'Asked for by the panel',
  paused: 'Paused',
  resumed: 'Resumed',
  disconnected: 'Disconnected',
  refused: 'Refused',
} as const satisfies Record<keyof typeof eventKinds, string>;

/** What the details of an event are called where their own name says too little, or nothing that is not said. */
const factNames: Readonly<Record<string, string>> = {
  notice: 'planned for',
  why: 'because',
  reason: 'because',
  what: '',
  decision: '',
  revocation: '',
};

/** What their values say, where those are words of the workflow's own. */
const factWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  what: actionWords,
  decision: decisionWords,
  notice: { restored: 'when it works again' },
  revocation: revocationWords,
};

export interface Timeline {
  readonly connectionId: string;
  readonly found: EventsFound;
  readonly kind: EventKind | undefined;
  /** Whether it begins at the newest event. */
  readonly isNewest: boolean;
  readonly timeZone: string;
  readonly executionUrl: string;
}

/** What happened, newest first, a page at a time. */
export function timeline({ connectionId, found, kind, isNewest, timeZone, executionUrl }: Timeline): Html {
  const path = paths.connection(connectionId);
  const href = (of: EventKind | undefined, before?: string) => {
    const query = new URLSearchParams({ ...(of && { kind: of }), ...(before && { before }) }).toString();
    return `${path}${query && `?${query}`}#timeline`;
  };
  const choice = (of: EventKind | undefined, words: string) =>
    html`<li><a href="${href(of)}"${of === kind ? html` aria-current="true"` : ''}>${words}</a></li>`;
  return html`<section id="timeline" aria-labelledby="timeline-title">
    <h2 id="timeline-title">Timeline</h2>
    <nav aria-label="Kinds of events">
      <ul class="choices">
        ${choice(undefined, 'All')}${kinds.map((of) => choice(of, kindWords[of]))}
      </ul>
    </nav>
    <ol class="timeline">
      ${inOrder(found.events).map((event) => listed(event, timeZone, executionUrl))}
    </ol>
    ${found.events.length === 0 ? html`<p class="dim">${found.before ? 'None among the newest of these.' : 'Nothing yet.'}</p>` : ''}
    <p class="pages">
      ${isNewest ? '' : html`<a class="button quiet" href="${href(kind)}">Newest</a>`}
      ${found.before ? html`<a class="button quiet" href="${href(kind, found.before)}">Older</a>` : ''}
    </p>
  </section>`;
}

const types = Object.keys(eventKinds);

/** Newest first; the keys of events of one millisecond have no order of their own. */
function inOrder(events: readonly TimelineEvent[]): TimelineEvent[] {
  return events.toSorted((a, b) => b.at.localeCompare(a.at) || types.indexOf(b.type) - types.indexOf(a.type));
}

function listed({ key, at, type, details }: TimelineEvent, timeZone: string, executionUrl: string): Html {
  const { executionId, ...rest } = details;
  const kind = eventKinds[type] ?? 'check';
  const words = typeWords[type] ?? type;
  const when = instant(Date.parse(at), timeZone);
  const facts = Object.entries(rest).filter(([name]) => name !== 'authorizationId');
  return html`<li class="${kind}" id="event-${key}">
    ${when}
    <span><strong>${words}</strong>${facts.map(([name, value]) => html` <span class="fact">${fact(name, value, timeZone)}</span>`)}</span>
    ${
      typeof executionId === 'string'
        ? html`<a href="${executionUrl}${executionId}">Execution<span class="unseen"> of: ${words}, ${when}</span></a>`
        : ''
    }
  </li>`;
}

/** An instant is told as one; and whatever direction a text has, it turns nothing around it. */
function fact(name: string, value: string | number, timeZone: string): Html {
  const isInstant = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
  const known = Object.hasOwn(factWords, name) ? factWords[name]! : {};
  const words = Object.hasOwn(known, value)
    ? known[value]!
    : name === 'reason'
      ? reasonWords(`${value}`)
      : value;
  const label = Object.hasOwn(factNames, name) ? factNames[name]! : name;
  return html`${label === '' ? '' : `${label}: `}${isInstant ? instant(Date.parse(value), timeZone) : html`<bdi>${words}</bdi>`}`;
}
