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
import { healthLabels } from '../labels.ts';
import { countdown, instant } from '../pages/instant.ts';

/** Says the health in words, so it does not depend on colour. */
export function badge(health: Health): Html {
  return html`<span class="badge ${health}">${healthLabels[health]}</span>`;
}

/** The context for the text of a problem. */
export interface ProblemContext {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly nowMs: number;
  readonly executionUrl: string;
}

/** The warning banner: each problem and what to do about it. */
export function banner(problems: readonly Problem[], context: ProblemContext): Html {
  if (problems.length === 0) return html``;
  const worst = healthOf(problems);
  return html`<section class="banner ${worst}" aria-label="What needs attention">
    <ul>
      ${problems.map((problem) => html`<li>${sentence(problem, context)}</li>`)}
    </ul>
  </section>`;
}

/** One problem: what happened, what it means, what to do next. */
export function sentence(problem: Problem, context: ProblemContext): Html {
  const { settings, nowMs, executionUrl } = context;
  const provider = settings.provider.displayName;
  const { timeZone } = settings.owner;
  const owner = ownerName(settings);
  const at = (epochMs: number) => html`${instant(epochMs, timeZone, nowMs)} (${countdown(epochMs, nowMs)})`;
  switch (problem.kind) {
    case 'ended':
      return html`<strong>The grant ended</strong> ${at(problem.deadlineMs)}${
        problem.neededAtMs === problem.deadlineMs
          ? ''
          : html`. The token has been needed since ${at(problem.neededAtMs)}`
      }. ${howToRestore(context)}`;
    case 'rejected':
      return html`<strong>${provider} rejected the grant.</strong> ${howToRestore(context)}`;
    case 'access-ended':
      return html`<strong>The access token ended</strong> ${at(problem.atMs)} and was not refreshed. See the timeline for what
        failed.`;
    case 'silent':
      return html`<strong>No check since ${at(problem.sinceMs)}.</strong> See whether the schedule in EventBridge Scheduler is
        enabled, and whether the executions in Step Functions fail.`;
    case 'incident':
      return incident(problem.incident, owner, at, executionUrl);
    case 'first-login':
      return html`<strong>Not connected yet:</strong> ${owner} has to log in to ${provider} for the first time.`;
    case 'waiting': {
      const { startedAtMs, expiresAtMs } = problem.authorization;
      if (isLoginUnderWay(problem.authorization, nowMs))
        return html`<strong>${owner} is logging in,</strong> since ${instant(startedAtMs!, timeZone, nowMs)}.`;
      const unfinished =
        startedAtMs === undefined
          ? ''
          : html` ${owner} began to log in ${countdown(startedAtMs, nowMs)} and did not finish.`;
      return html`<strong>Waiting for ${owner} to log in.</strong> The link works until ${at(expiresAtMs)}.${unfinished}`;
    }
    case 'ending':
      return ending(problem, owner, nowMs, at);
    case 'paused':
      return problem.pause === undefined
        ? html`<strong>Paused in the configuration.</strong> ${whilePaused(owner)}`
        : html`<strong>Paused</strong> by ${problem.pause.by}, ${at(problem.pause.atMs)}: “<bdi>${problem.pause.reason}</bdi>”.
            ${whilePaused(owner)}`;
    case 'disconnected':
      return html`<strong>Disconnected.</strong> To restore it, an operator has to send ${owner} a login link.`;
    case 'disconnecting':
      return html`<strong>Being disconnected.</strong> If something cannot be finished now, a later check finishes it.`;
    case 'set-up':
      return html`<strong>Set-up is not complete:</strong> the client’s credentials are missing. Run
        <code>grantkeeper connect ${settings.connectionId}</code>. ${owner} is not asked to log in before that.`;
  }
}

function ownerName({ owner }: Settings): string {
  return owner.name ?? owner.email;
}

function whilePaused(owner: string): string {
  return `Nothing is refreshed, and ${owner} gets no notices.`;
}

function howToRestore({ settings, grant }: ProblemContext): string {
  const owner = ownerName(settings);
  return isPaused(settings, grant)
    ? `To restore it, resume it; then ${owner} has to log in.`
    : `${owner} has to log in to restore it.`;
}

/** The grant may have ended already, where the token is needed only later. */
function ending(
  { deadlineMs, neededAtMs }: Extract<Problem, { kind: 'ending' }>,
  owner: string,
  nowMs: number,
  at: (epochMs: number) => Html,
): Html {
  if (neededAtMs === deadlineMs)
    return html`<strong>The grant ends soon:</strong> ${owner} has to log in before ${at(neededAtMs)}.`;
  const verb = nowMs < deadlineMs ? 'ends' : 'ended';
  return html`<strong>The grant ${verb}</strong> ${at(deadlineMs)}. ${owner} has to log in before ${at(neededAtMs)}, when the
    token is needed again.`;
}

function incident(
  known: KnownIncident,
  owner: string,
  at: (epochMs: number) => Html,
  executionUrl: string,
): Html {
  const { step, error, since, reason, executionId } = known;
  const what = isOfChannel(known)
    ? html`<strong>${step} has not reached ${owner}</strong>`
    : html`<strong>${step} has been failing</strong>`;
  const remedy = Object.hasOwn(remedies, error) ? remedies[error as ErrorName] : undefined;
  const { message, screenshot } = splitScreenshot(reason);
  const stopped = /[.!?]$/.test(message) || message === '' ? message : `${message}.`;
  return html`${what} since ${at(Date.parse(since))}: ${error}. <bdi>${stopped}</bdi> ${remedy ? html`<em>${remedy}</em>` : ''}
    ${screenshot === undefined ? '' : html`<a href="${screenshot}">Screenshot</a>`}
    ${executionId === '' ? '' : html`<a href="${executionUrl}${executionId}">Execution</a>`}`;
}

/** The reason of a browser's incident ends in the address of a screenshot. */
export function splitScreenshot(reason: string): {
  readonly message: string;
  readonly screenshot: string | undefined;
} {
  const [, message = reason, screenshot] = /^(.*) How the page looked: (https?:\S+)$/s.exec(reason) ?? [];
  return { message, screenshot };
}
