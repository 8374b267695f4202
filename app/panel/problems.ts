import { isPaused } from '../../core/decide.ts';
import { remedies } from '../../core/errors.ts';
import type { ErrorName } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isLoginUnderWay } from '../../core/grant.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Settings } from '../../core/settings.ts';
import type { Problem, KnownIncident, Health } from '../../core/health.ts';
import { isOfChannel, healthOf } from '../../core/health.ts';
import { countdown, instant } from '../pages/instant.ts';

export const healthLabels = {
  failed: 'Failed',
  ending: 'Ends soon',
  waiting: 'Waits for its owner',
  paused: 'Paused',
  'set-up': 'In set-up',
  disconnected: 'Disconnected',
  well: 'Well',
} as const satisfies Record<Health, string>;

/** A mark that tells without colour, too. */
export function badge(health: Health): Html {
  return html`<span class="badge ${health}">${healthLabels[health]}</span>`;
}

export interface Notified {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly nowMs: number;
  readonly executionUrl: string;
}

/** The warning banner: what is wrong or will be, each with what to do. */
export function banner(problems: readonly Problem[], notified: Notified): Html {
  if (problems.length === 0) return html``;
  const worst = healthOf(problems);
  return html`<section class="banner ${worst}" aria-label="What needs attention">
    <ul>
      ${problems.map((problem) => html`<li>${sentence(problem, notified)}</li>`)}
    </ul>
  </section>`;
}

/** One problem in words. */
export function sentence(problem: Problem, notified: Notified): Html {
  const { settings, nowMs, executionUrl } = notified;
  const name = settings.provider.displayName;
  const { timeZone } = settings.owner;
  const at = (epochMs: number) => html`${instant(epochMs, timeZone, nowMs)} (${countdown(epochMs, nowMs)})`;
  switch (problem.kind) {
    case 'ended':
      return html`<strong>The grant has ended</strong>,
        ${at(problem.deadlineMs)}${
          problem.neededAtMs === problem.deadlineMs
            ? ''
            : html`, and the token is needed since ${at(problem.neededAtMs)}`
        }. ${worksAgain(notified)}`;
    case 'rejected':
      return html`<strong>${name} does not accept the grant any more.</strong> ${worksAgain(notified)}`;
    case 'access-ended':
      return html`<strong>The access token has ended</strong>, ${at(problem.atMs)}, and was not refreshed. The timeline has
        what failed.`;
    case 'silent':
      return html`<strong>No check since ${at(problem.sinceMs)}.</strong> Look at the schedule, and at the executions in Step
        Functions.`;
    case 'incident':
      return incident(problem.incident, at, executionUrl);
    case 'first-login':
      return html`<strong>Not connected yet:</strong> its owner has to log in to ${name} for the first time.`;
    case 'waiting': {
      const { startedAtMs, expiresAtMs } = problem.authorization;
      if (isLoginUnderWay(problem.authorization, nowMs))
        return html`<strong>Waits for its owner:</strong> they began to log in ${countdown(startedAtMs!, nowMs)}.`;
      const link = html`<strong>Waits for its owner:</strong> the link that they have works until ${at(expiresAtMs)}`;
      return startedAtMs === undefined
        ? html`${link}.`
        : html`${link}; they began to log in ${countdown(startedAtMs, nowMs)}, and have not come back.`;
    }
    case 'ending':
      return ending(problem, nowMs, at);
    case 'paused':
      return problem.pause === undefined
        ? html`<strong>Paused in the configuration.</strong> ${whilePaused}`
        : html`<strong>Paused</strong> by ${problem.pause.by}, ${at(problem.pause.atMs)}: “<bdi>${problem.pause.reason}</bdi>”.
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

function worksAgain({ settings, grant }: Notified): string {
  return isPaused(settings, grant)
    ? 'It works again as soon as it is resumed and its owner has logged in.'
    : 'It works again as soon as its owner has logged in.';
}

/** Where the token is not needed as soon as the grant ends, it may have ended already. */
function ending(
  { deadlineMs, neededAtMs }: Extract<Problem, { kind: 'ending' }>,
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
  const remedy = Object.hasOwn(remedies, error) ? remedies[error as ErrorName] : undefined;
  const { words, screenshot } = splitScreenshot(reason);
  const stopped = /[.!?]$/.test(words) || words === '' ? words : `${words}.`;
  return html`${what} since ${at(Date.parse(since))}: ${error}. <bdi>${stopped}</bdi> ${remedy ? html`<em>${remedy}</em>` : ''}
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
