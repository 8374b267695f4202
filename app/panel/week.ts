import { isPaused } from '../../core/decide.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { Grant } from '../../core/grant.ts';
import type { Settings } from '../../core/settings.ts';
import type { Problem } from '../../core/health.ts';
import { isOfChannel } from '../../core/health.ts';
import { openingsWithin, WeeklyHoursSchema } from '../../core/weekly-hours.ts';
import { instant } from '../pages/instant.ts';

const dayMs = 24 * 3600 * 1000;
const daysShown = 7;
/** Pixels. */
const height = 84;
const lane = { top: 26, height: 34 };

interface Mark {
  readonly atMs: number;
  readonly kind: 'reminder' | 'deadline' | 'end';
  readonly label: string;
}

/** The coming week as a picture and as a list: when the token is needed, reminders, the end of the grant. */
export function week(settings: Settings, grant: Grant, problems: readonly Problem[], nowMs: number): Html {
  const endMs = nowMs + daysShown * dayMs;
  const { timeZone } = settings.neededHours ?? settings.owner;
  // Percent of the width, so that the text is not scaled with the picture.
  const share = (ms: number) => `${Math.round((ms / (endMs - nowMs)) * 10_000) / 100}%`;
  const x = (epochMs: number) => share(epochMs - nowMs);
  const needed = settings.neededHours
    ? openingsWithin(settings.neededHours, nowMs, endMs)
    : [{ startMs: nowMs, endMs }];
  const days = midnights(nowMs, endMs, timeZone);
  const [first] = days;
  const marks = marksOf(settings, grant).filter(({ atMs }) => atMs >= nowMs && atMs <= endMs);
  return html`<figure class="week">
    <svg width="100%" height="${height}" role="img" aria-labelledby="week-title">
      <title id="week-title">The coming week; the list below says the same.</title>
      <rect class="lane" x="0" y="${lane.top}" width="100%" height="${lane.height}" />
      ${needed.map(
        ({ startMs, endMs: until }) =>
          html`<rect class="needed" x="${x(startMs)}" y="${lane.top}" width="${share(until - startMs)}" height="${lane.height}" />`,
      )}
      ${(first ?? endMs) - nowMs < dayMs / 2 ? '' : html`<text class="day" x="0" y="${height - 6}">${weekday(nowMs, timeZone)}</text>`}
      ${days.map(
        (atMs) =>
          html`<line class="day" x1="${x(atMs)}" y1="${lane.top}" x2="${x(atMs)}" y2="${lane.top + lane.height}" />
            ${endMs - atMs < dayMs / 2 ? '' : html`<text class="day" x="${x(atMs)}" dx="3" y="${height - 6}">${weekday(atMs, timeZone)}</text>`}`,
      )}
      ${marks.map(
        ({ atMs, kind, label }) =>
          html`<g class="${kind}">
            <line x1="${x(atMs)}" y1="${lane.top - 14}" x2="${x(atMs)}" y2="${lane.top + lane.height}" />
            <circle cx="${x(atMs)}" cy="${lane.top - 14}" r="5" />
            <title>${label}</title>
          </g>`,
      )}
    </svg>
    <figcaption>
      <p class="dim">Days of ${timeZone}</p>
      <ul class="legend">
        <li><span class="key needed"></span> ${neededText(settings)}</li>
        ${marks.map(
          ({ atMs, kind, label }) =>
            html`<li><span class="key ${kind}"></span> ${label}: ${instant(atMs, timeZone)}</li>`,
        )}
        ${marks.length === 0 || isPaused(settings, grant) ? html`<li>${emptyWeek(settings, grant, problems)}</li>` : ''}
      </ul>
    </figcaption>
  </figure>`;
}

/** Why the picture is empty. */
function emptyWeek(settings: Settings, grant: Grant, problems: readonly Problem[]): string {
  const owner = settings.owner.name ?? settings.owner.email;
  const has = (...kinds: readonly Problem['kind'][]) => problems.some(({ kind }) => kinds.includes(kind));
  if (isPaused(settings, grant)) return `Paused: ${owner} gets no notices.`;
  if (problems.some((problem) => problem.kind === 'incident' && !isOfChannel(problem.incident)))
    return 'Fix the failure above first.';
  if (has('first-login', 'rejected', 'ended')) return `${owner} gets a link every day until they log in.`;
  if (grant.status === 'disconnected' || has('disconnecting', 'set-up')) return 'Nothing is scheduled.';
  return 'No reminder is due and nothing ends in these seven days.';
}

function neededText({ neededHours }: Settings): string {
  if (neededHours === undefined) return 'the token is always needed';
  const { days, from, to, timeZone } = neededHours;
  return `the token is needed ${days.join(', ')} ${from}–${to} (${timeZone})`;
}

function marksOf(settings: Settings, grant: Grant): Mark[] {
  if (grant.status !== 'active' || grant.disconnection !== undefined) return [];
  const schedule = reminderScheduleOf(settings, grant);
  if (schedule === undefined) return [];
  const { deadlineMs, neededAtMs, reminders } = schedule;
  const notified = isPaused(settings, grant) ? [] : reminders;
  return [
    ...notified.map(({ atMs, channels }) => ({
      atMs,
      kind: 'reminder' as const,
      label: `reminder (${channels.join(', ')})`,
    })),
    { atMs: deadlineMs, kind: 'deadline', label: 'the grant ends' },
    ...(neededAtMs === deadlineMs
      ? []
      : [{ atMs: neededAtMs, kind: 'end', label: 'the token is needed again' } as const]),
  ];
}

/** The midnights of a zone. With daylight saving, days have 23 to 25 hours. */
function midnights(fromMs: number, toMs: number, timeZone: string): number[] {
  const days = WeeklyHoursSchema.parse({ from: '00:00', to: '23:59', timeZone });
  return openingsWithin(days, fromMs, toMs).flatMap(({ startMs }) => (startMs > fromMs ? startMs : []));
}

function weekday(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short' }).format(atMs);
}
