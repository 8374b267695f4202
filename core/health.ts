import { channelNames, channelSteps } from './channel.ts';
import { isAlive, isPaused } from './decide.ts';
import type { Grant, OpenAuthorization, Pause } from './grant.ts';
import { isInSetUp, isOpen } from './grant.ts';
import type { Incident } from './incident.ts';
import { browserLoginStep } from './incident.ts';
import type { ReminderSchedule } from './reminder-schedule.ts';
import { reminderScheduleOf } from './reminder-schedule.ts';
import { forecastOf } from './forecast.ts';
import type { Settings } from './settings.ts';

/** An incident with the content of its alert. */
export interface KnownIncident extends Incident {
  readonly reason: string;
  /** ARN. */
  readonly executionId: string;
}

/** A problem of a connection that the panel and the command show. Times are epoch milliseconds. */
export type Problem =
  /** The grant has ended, and the token is needed by now. */
  | { readonly kind: 'ended'; readonly deadlineMs: number; readonly neededAtMs: number }
  | { readonly kind: 'rejected' }
  /** Consumers have no valid access token, though the grant is alive. */
  | { readonly kind: 'access-ended'; readonly atMs: number }
  | { readonly kind: 'silent'; readonly sinceMs: number }
  | { readonly kind: 'incident'; readonly incident: KnownIncident }
  | { readonly kind: 'first-login' }
  /** The owner has a link and has not used it yet, or is logging in. */
  | { readonly kind: 'waiting'; readonly authorization: OpenAuthorization }
  /** The grant ends soon or has ended, and the token is needed later. */
  | { readonly kind: 'ending'; readonly deadlineMs: number; readonly neededAtMs: number }
  | { readonly kind: 'paused'; readonly pause: Pause | undefined }
  | { readonly kind: 'set-up' }
  /** An operator has disconnected it, or is doing so. */
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'disconnecting' };

/** The state of a connection in one word. */
export type Health =
  | 'healthy'
  | 'ends-soon'
  | 'failing'
  | 'expired'
  | 'waiting-for-login'
  | 'paused'
  | 'set-up'
  | 'disconnected';

/** All problems of a connection, the worst first. */
export function problemsOf(
  settings: Settings,
  grant: Grant,
  incidents: readonly KnownIncident[],
  nowMs: number,
): Problem[] {
  return all(settings, grant, incidents, nowMs).toSorted((a, b) => rankOf(a) - rankOf(b));
}

function all(
  settings: Settings,
  grant: Grant,
  incidents: readonly KnownIncident[],
  nowMs: number,
): Problem[] {
  const failing = incidents.map((incident) => ({ kind: 'incident', incident }) as const);
  if (grant.disconnection !== undefined) return [...failing, { kind: 'disconnecting' }];
  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  // An owner who only opened the link on the panel is not asked for anything.
  const isWaiting = open !== undefined && (open.reason !== 'panel' || open.startedAtMs !== undefined);
  const paused = isPaused(settings, grant) ? [{ kind: 'paused', pause: grant.pause } as const] : [];
  // Failures of the grant ended with it; only those of channels still matter.
  if (grant.status === 'disconnected' && !isWaiting) {
    return [{ kind: 'disconnected' }, ...failing.filter(({ incident }) => isOfChannel(incident)), ...paused];
  }
  const schedule = reminderScheduleOf(settings, grant);
  if (isPaused(settings, grant)) {
    // Nobody notifies the owner during a pause, so the panel shows what becomes of the grant.
    const ofGrant = grant.status === 'never-authorized' ? [] : ends(grant, schedule, nowMs);
    return [...ofGrant, ...failing, ...paused];
  }
  if (isInSetUp(grant)) return [{ kind: 'set-up' }];
  const { silentSinceMs } = forecastOf(settings, grant, nowMs);
  const accessEndedAtMs =
    isAlive(settings, grant, nowMs) &&
    grant.accessExpiresAtMs !== undefined &&
    nowMs >= grant.accessExpiresAtMs
      ? grant.accessExpiresAtMs
      : undefined;
  return [
    ...ends(grant, schedule, nowMs),
    ...(accessEndedAtMs === undefined ? [] : [{ kind: 'access-ended', atMs: accessEndedAtMs } as const]),
    ...(silentSinceMs === undefined ? [] : [{ kind: 'silent', sinceMs: silentSinceMs } as const]),
    ...failing,
    ...(isWaiting ? [{ kind: 'waiting', authorization: open } as const] : []),
  ];
}

/** The problems of the grant's end, or of its absence. */
function ends(grant: Grant, schedule: ReminderSchedule | undefined, nowMs: number): Problem[] {
  if (grant.status === 'never-authorized') return [{ kind: 'first-login' }];
  if (grant.status === 'rejected') return [{ kind: 'rejected' }];
  if (grant.status === 'disconnected' || schedule === undefined) return [];
  if (nowMs < schedule.reminders[0]!.atMs) return [];
  const { deadlineMs, neededAtMs } = schedule;
  return [{ kind: nowMs < neededAtMs ? 'ending' : 'ended', deadlineMs, neededAtMs }];
}

/** The worst of the problems, in one word. A failing channel or browser login does not make the grant unhealthy. */
export function healthOf(problems: readonly Problem[]): Health {
  const healths = problems.map(healthOfProblem);
  return severity.find((health) => healths.includes(health)) ?? 'healthy';
}

function rankOf(problem: Problem): number {
  const rank = (severity as readonly Health[]).indexOf(healthOfProblem(problem));
  return rank === -1 ? severity.length : rank;
}

const severity = [
  'expired',
  'failing',
  'ends-soon',
  'waiting-for-login',
  'paused',
  'set-up',
  'disconnected',
] as const satisfies readonly Health[];

function healthOfProblem(problem: Problem): Health {
  switch (problem.kind) {
    case 'ended':
    case 'rejected':
      return 'expired';
    case 'access-ended':
    case 'silent':
      return 'failing';
    case 'incident':
      return isOfGrant(problem.incident) ? 'failing' : 'healthy';
    case 'first-login':
    case 'waiting':
      return 'waiting-for-login';
    case 'ending':
      return 'ends-soon';
    case 'paused':
      return 'paused';
    case 'set-up':
      return 'set-up';
    case 'disconnected':
    case 'disconnecting':
      return 'disconnected';
  }
}

/** False for states that a person has chosen. */
export function needsSomebody({ kind }: Problem): boolean {
  return !['paused', 'disconnected', 'disconnecting'].includes(kind);
}

/** True if a channel to the owner fails, and not the grant. */
export function isOfChannel({ step }: Incident): boolean {
  return channelNames.some((name) => channelSteps[name] === step);
}

function isOfGrant(incident: Incident): boolean {
  return !isOfChannel(incident) && incident.step !== browserLoginStep;
}
