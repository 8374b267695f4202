import { isPaused } from '../core/decide.ts';
import { cures } from '../core/errors.ts';
import type { ErrorName } from '../core/errors.ts';
import type { Grant } from '../core/grant.ts';
import { isLoginUnderWay } from '../core/grant.ts';
import type { Html } from '../core/html.ts';
import { html } from '../core/html.ts';
import type { Settings } from '../core/settings.ts';
import type { Concern, KnownIncident, Standing } from '../core/standing.ts';
import { isOfChannel, standingOf } from '../core/standing.ts';
import { countdown, instant } from './instant.ts';

export const standingWords = {
  failed: 'Failed',
  ending: 'Ends soon',
  waiting: 'Waits for its owner',
  paused: 'Paused',
  'set-up': 'In set-up',
  disconnected: 'Disconnected',
  well: 'Well',
} as const satisfies Record<Standing, string>;

/** A mark that tells without colour, too. */
export function badge(standing: Standing): Html {
  return html`<span class="badge ${standing}">${standingWords[standing]}</span>`;
}

export interface Told {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly nowMs: number;
  readonly executionUrl: string;
}

/** The warning banner: what is wrong or will be, each with what to do. */
export function banner(concerns: readonly Concern[], told: Told): Html {
  if (concerns.length === 0) return html``;
  const worst = standingOf(concerns);
  return html`<section class="banner ${worst}" aria-label="What needs attention">
    <ul>
      ${concerns.map((concern) => html`<li>${sentence(concern, told)}</li>`)}
    </ul>
  </section>`;
}

/** One concern in words. */
export function sentence(concern: Concern, told: Told): Html {
  const { settings, nowMs, executionUrl } = told;
  const name = settings.provider.displayName;
  const { timeZone } = settings.owner;
  const at = (epochMs: number) => html`${instant(epochMs, timeZone, nowMs)} (${countdown(epochMs, nowMs)})`;
  switch (concern.kind) {
    case 'ended':
      return html`<strong>The grant has ended</strong>,
        ${at(concern.deadlineMs)}${
          concern.neededAtMs === concern.deadlineMs
            ? ''
            : html`, and the token is needed since ${at(concern.neededAtMs)}`
        }. ${worksAgain(told)}`;
    case 'rejected':
      return html`<strong>${name} does not accept the grant any more.</strong> ${worksAgain(told)}`;
    case 'access-ended':
      return html`<strong>The access token has ended</strong>, ${at(concern.atMs)}, and was not refreshed. The timeline has
        what failed.`;
    case 'silent':
      return html`<strong>No check since ${at(concern.sinceMs)}.</strong> Look at the schedule, and at the executions in Step
        Functions.`;
    case 'incident':
      return incident(concern.incident, at, executionUrl);
    case 'first-login':
      return html`<strong>Not connected yet:</strong> its owner has to log in to ${name} for the first time.`;
    case 'waiting': {
      const { startedAtMs, expiresAtMs } = concern.authorization;
      if (isLoginUnderWay(concern.authorization, nowMs))
        return html`<strong>Waits for its owner:</strong> they began to log in ${countdown(startedAtMs!, nowMs)}.`;
      const link = html`<strong>Waits for its owner:</strong> the link that they have works until ${at(expiresAtMs)}`;
      return startedAtMs === undefined
        ? html`${link}.`
        : html`${link}; they began to log in ${countdown(startedAtMs, nowMs)}, and have not come back.`;
    }
    case 'ending':
      return ending(concern, nowMs, at);
    case 'paused':
      return concern.pause === undefined
        ? html`<strong>Paused in the configuration.</strong> ${whilePaused}`
        : html`<strong>Paused</strong> by ${concern.pause.by}, ${at(concern.pause.atMs)}: “<bdi>${concern.pause.reason}</bdi>”.
            ${whilePaused}`;
    case 'disconnected':
      return html`<strong>Disconnected:</strong> nothing is asked of anybody until an operator asks for a login.`;
    case 'disconnecting':
      return html`<strong>Is being disconnected:</strong> what cannot be finished now is taken up again by a later check.`;
    case 'set-up':
      return html`<strong>In set-up:</strong> the client’s credentials are not there yet, and nothing is asked of its owner before.
        Put them in place with <code>grantkeeper connect ${settings.connectionId}</code>.`;
  }
}

const whilePaused = 'Nothing is refreshed, and its owner is told nothing.';

function worksAgain({ settings, grant }: Told): string {
  return isPaused(settings, grant)
    ? 'It works again as soon as it is resumed and its owner has logged in.'
    : 'It works again as soon as its owner has logged in.';
}

/** Where the token is not needed as soon as the grant ends, it may have ended already. */
function ending(
  { deadlineMs, neededAtMs }: Extract<Concern, { kind: 'ending' }>,
  nowMs: number,
  at: (epochMs: number) => Html,
): Html {
  const login = html`its owner has to log in before ${at(neededAtMs)}`;
  if (neededAtMs === deadlineMs) return html`<strong>The grant nears its end:</strong> ${login}.`;
  const needed = html`the token is needed again after that, so ${login}`;
  return nowMs < deadlineMs
    ? html`<strong>The grant nears its end</strong>, ${at(deadlineMs)}; ${needed}.`
    : html`<strong>The grant has ended</strong>, ${at(deadlineMs)}; ${needed}.`;
}

function incident(known: KnownIncident, at: (epochMs: number) => Html, executionUrl: string): Html {
  const { step, error, since, reason, executionId } = known;
  const what = isOfChannel(known)
    ? html`<strong>The owner is not reached by ${step}</strong>`
    : html`<strong>${step} fails</strong>`;
  const cure = Object.hasOwn(cures, error) ? cures[error as ErrorName] : undefined;
  const { words, screenshot } = splitScreenshot(reason);
  const stopped = /[.!?]$/.test(words) || words === '' ? words : `${words}.`;
  return html`${what} since ${at(Date.parse(since))}: ${error}. <bdi>${stopped}</bdi> ${cure ? html`<em>${cure}</em>` : ''}
    ${screenshot === undefined ? '' : html`<a href="${screenshot}">How the page looked</a>`}
    ${executionId === '' ? '' : html`<a href="${executionUrl}${executionId}">Execution</a>`}`;
}

/** Of a browser's incident the reason ends in where its last page is shown. */
export function splitScreenshot(reason: string): {
  readonly words: string;
  readonly screenshot: string | undefined;
} {
  const [, words = reason, screenshot] = /^(.*) How the page looked: (https?:\S+)$/s.exec(reason) ?? [];
  return { words, screenshot };
}
