import * as z from 'zod/mini';

import type { ChannelName } from './channel.ts';
import { channelsOf } from './channel.ts';
import { deadlineOf } from './deadline.ts';
import type { LoginReason, Grant } from './grant.ts';
import {
  LoginReasonSchema,
  disconnectionGraceMs,
  isInSetUp,
  isLoginUnderWay,
  isOpen,
  isInterrupted,
} from './grant.ts';
import type { ReminderSchedule } from './reminder-schedule.ts';
import { reminderScheduleOf } from './reminder-schedule.ts';
import type { Settings } from './settings.ts';
import { marginSeconds, tickSeconds } from './settings.ts';
import { refreshBudget } from './version-budget.ts';

/** What a check answers, with the reason: the one thing that the state machine chooses by. */
export const DecisionSchema = z.discriminatedUnion('decision', [
  z.object({
    decision: z.literal('none'),
    reason: z.string(),
    /** For `refresh-limited`: when a refresh can be asked for again, ISO 8601. */
    until: z.optional(z.string()),
  }),
  z.object({ decision: z.literal('refresh'), reason: z.string() }),
  z.object({
    decision: z.literal('notify'),
    reason: z.string(),
    kind: z.enum(['expiring', 'restored', 'test']),
    /** The reminder's instant, ISO 8601; for `expiring`. */
    reminder: z.optional(z.string()),
    /** When the link in the notice ends, ISO 8601; for `expiring`. */
    expiresAt: z.optional(z.string()),
  }),
  z.object({
    decision: z.literal('reauthorize'),
    reason: LoginReasonSchema,
    /** The link's expiry and the end of the wait, ISO 8601. */
    expiresAt: z.string(),
    /** The authorization to attach to; without it a new one is opened. */
    authorizationId: z.optional(z.string()),
  }),
  z.object({ decision: z.literal('disconnect'), reason: z.string() }),
]);

export type Decision = z.infer<typeof DecisionSchema>;

/** What an execution has done since its start or its last wait; none of it is answered twice. */
export const StepsDoneSchema = z.array(z.enum(['refresh', 'notify', 'reauthorize', 'disconnect']));
export type StepsDone = z.infer<typeof StepsDoneSchema>;

/**
 * What somebody asks for, whether it is due or not. `change-owner`: as `reauthorize`, and whoever logs in is the owner from
 * then on. `test`: a notice that says so. `disconnect`: the end of the grant, here and at the provider.
 */
export const ForceSchema = z.enum(['refresh', 'reauthorize', 'change-owner', 'test', 'disconnect']);
export type Force = z.infer<typeof ForceSchema>;

export interface DecisionRequest {
  /** Who started the execution; the schedule if left out. */
  readonly trigger?: string | undefined;
  readonly force?: Force | undefined;
  readonly authorizationId?: string | undefined;
  readonly done: StepsDone;
}

const minimumLinkMs = 15 * 60 * 1000;
const operatorReminderMs = 24 * 3600 * 1000;
/** A mail may take some minutes. */
const askAgainMs = 15 * 60 * 1000;

/** What to do next for one grant. Pure: the same arguments give the same answer. The order is the design's. */
export function decide(settings: Settings, grant: Grant, nowMs: number, request: DecisionRequest): Decision {
  const did = (step: StepsDone[number]) => request.done.includes(step);
  if (request.force === 'disconnect' && !did('disconnect'))
    return { decision: 'disconnect', reason: 'asked for' };
  // It is about channels, not about the grant.
  if (request.force === 'test' && !did('notify')) {
    return { decision: 'notify', reason: 'asked for', kind: 'test' };
  }
  if (grant.disconnection !== undefined) {
    // Whoever asks for something goes on where it was left; a check leaves it alone while it may be under way.
    const isLeft = request.force !== undefined || nowMs >= grant.disconnection.atMs + disconnectionGraceMs;
    return isLeft && !did('disconnect')
      ? { decision: 'disconnect', reason: 'a disconnection was not completed' }
      : none('it is being disconnected');
  }
  if (isPaused(settings, grant)) return none('paused');
  if (isInSetUp(grant)) return none('still in set-up');
  if (isInterrupted(grant.login, nowMs) && !did('refresh')) {
    return { decision: 'refresh', reason: 'a login was not completed' };
  }

  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  const reauthorizeForced = request.force === 'reauthorize' && !did('reauthorize');
  if (reauthorizeForced && request.authorizationId !== undefined) {
    if (open?.authorizationId !== request.authorizationId) return none('that link is no longer open');
    return {
      decision: 'reauthorize',
      reason: open.reason,
      expiresAt: iso(Math.max(open.expiresAtMs, nowMs + minimumLinkMs)),
      authorizationId: open.authorizationId,
    };
  }

  const changeOwnerForced = request.force === 'change-owner' && !did('reauthorize');
  if (grant.status === 'disconnected' && !reauthorizeForced && !changeOwnerForced)
    return none('disconnected');

  // Nothing that was is anything to come back to.
  const schedule = grant.status === 'disconnected' ? undefined : reminderScheduleOf(settings, grant);
  if (isAlive(settings, grant, nowMs) && !did('refresh')) {
    const budget = refreshBudget(settings, grant, request, nowMs);
    if (request.force === 'refresh') {
      return budget.kind === 'limited'
        ? { decision: 'none', reason: 'refresh-limited', until: iso(budget.untilMs) }
        : { decision: 'refresh', reason: 'asked for' };
    }
    if (budget.kind !== 'limited' && !outlivesNextTick(settings, grant.accessExpiresAtMs, nowMs)) {
      return { decision: 'refresh', reason: 'the access token would not outlive the next check' };
    }
  }

  // Unless their link would end before the next check: whoever goes away from that login needs another one.
  const loginInProgress =
    isLoginUnderWay(grant.authorization, nowMs) &&
    grant.authorization!.expiresAtMs >=
      nowMs + tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  // Whoever asks for a login by hand means a new link; not one more for each who presses.
  const isAskedAnew =
    reauthorizeForced && open !== undefined && nowMs >= (open.openedAtMs ?? nowMs) + askAgainMs;
  const needed = loginReason(grant, schedule, nowMs);
  const reason = changeOwnerForced
    ? 'change-owner'
    : (needed ?? (reauthorizeForced ? 'requested' : undefined));
  // Whoever was let in by an operator has a link that serves for any reason until the next reminder, a day at most; no other
  // would let them in.
  const isLetIn = open?.reason === 'change-owner';
  const isOpenForIt = (open?.reason === reason || isLetIn) && !isAskedAnew;
  if (reason !== undefined && !isOpenForIt && !loginInProgress && !did('reauthorize')) {
    return { decision: 'reauthorize', reason, expiresAt: iso(linkExpiry(settings, schedule, reason, nowMs)) };
  }

  const reminderMs = schedule && newestUnsentReminder(grant, schedule, nowMs);
  if (reminderMs !== undefined && needed === undefined && !loginInProgress && !isLetIn && !did('notify')) {
    return {
      decision: 'notify',
      reason: 'a reminder was crossed',
      kind: 'expiring',
      reminder: iso(reminderMs),
      expiresAt: iso(linkExpiry(settings, schedule, 'reminder', nowMs)),
    };
  }

  if (needed === undefined && !did('notify') && restoredNoticePending(settings, grant, nowMs)) {
    return { decision: 'notify', reason: 'the grant is back', kind: 'restored' };
  }
  if (reason !== undefined)
    return none(loginInProgress ? 'the owner is logging in' : 'the owner has been asked');
  return none('all is well');
}

/** Whether an access token that ends then still serves until the next check is done. */
export function outlivesNextTick(
  settings: Settings,
  accessExpiresAtMs: number | undefined,
  nowMs: number,
): boolean {
  const neededSeconds = tickSeconds(settings.provider.accessTokenLifetimeSeconds) + marginSeconds;
  return accessExpiresAtMs !== undefined && accessExpiresAtMs > nowMs + neededSeconds * 1000;
}

/** Reminders (ISO 8601) that count as told once the owner hears at `nowMs`: all that have passed. */
export function passedReminders(settings: Settings, grant: Grant, nowMs: number): string[] {
  return (reminderScheduleOf(settings, grant)?.reminders ?? []).flatMap(({ atMs }) =>
    atMs <= nowMs ? iso(atMs) : [],
  );
}

/**
 * Whether the owner thinks that they are needed, and is not any more: a login has ended what had ended; or, where use
 * postpones the end, a refresh that works again has moved it away from the reminders that they were told.
 */
export function restoredNoticePending(settings: Settings, grant: Grant, nowMs: number): boolean {
  if (grant.status === 'disconnected') return false;
  if (grant.restoredNoticePending) return true;
  const schedule = grant.sentReminders.length > 0 ? reminderScheduleOf(settings, grant) : undefined;
  if (schedule === undefined) return false;
  const { absoluteSeconds } = settings.provider.limits;
  const isPostponed = deadlineOf({ absoluteSeconds }, grant) !== schedule.deadlineMs;
  // New settings move reminders, too. A use moved the end only if it came after every reminder that was told.
  const isUsedSince = grant.sentReminders.every(
    (reminder) => Date.parse(reminder) < (grant.refreshedAtMs ?? 0),
  );
  return isPostponed && isUsedSince && nowMs < schedule.reminders[0]!.atMs;
}

/** Over which channels a notice for this reason goes: those of the newest reminder while the grant stands, else all. */
export function channelsToTell(
  settings: Settings,
  grant: Grant,
  reason: LoginReason,
  nowMs: number,
): readonly ChannelName[] {
  const isPlanned = reason === 'reminder' || reason === 'expiring';
  const reminder = isPlanned
    ? reminderScheduleOf(settings, grant)?.reminders.findLast(({ atMs }) => atMs <= nowMs)
    : undefined;
  return reminder?.channels ?? channelsOf(settings.owner);
}

/** By an operator, or in the configuration: then nothing is asked of provider or owner. */
export function isPaused(settings: Settings, grant: Grant): boolean {
  return settings.paused || grant.paused;
}

/** Whether a refresh can still succeed as far as the record knows. */
export function isAlive(settings: Settings, grant: Grant, nowMs: number): boolean {
  return grant.status === 'active' && nowMs < (deadlineOf(settings.provider.limits, grant) ?? Infinity);
}

/** Why the owner is needed now, or undefined while they are not. */
function loginReason(
  grant: Grant,
  schedule: ReminderSchedule | undefined,
  nowMs: number,
): LoginReason | undefined {
  if (grant.status === 'never-authorized') return 'first-login';
  if (grant.status === 'rejected') return 'rejected';
  if (schedule === undefined || nowMs < schedule.reminders.at(-1)!.atMs) return undefined;
  return nowMs < schedule.neededAtMs ? 'expiring' : 'expired';
}

function newestUnsentReminder(grant: Grant, schedule: ReminderSchedule, nowMs: number): number | undefined {
  const newest = schedule.reminders.findLast(({ atMs }) => atMs <= nowMs)?.atMs;
  return newest !== undefined && !grant.sentReminders.includes(iso(newest)) ? newest : undefined;
}

/**
 * Epoch milliseconds. A link serves until the next reminder's mail has surely come, the last reminder's until the token
 * is needed. A dead grant, and one without a reminder schedule, has no such day: there the next link is a reminder.
 */
function linkExpiry(
  settings: Settings,
  schedule: ReminderSchedule | undefined,
  reason: LoginReason,
  nowMs: number,
): number {
  if (schedule === undefined || reason === 'rejected' || nowMs >= schedule.neededAtMs)
    return nowMs + operatorReminderMs;
  const twoTicksMs = 2 * tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  const nextReminderMs = schedule.reminders.find(({ atMs }) => atMs > nowMs)?.atMs;
  if (reason === 'change-owner') {
    const untilMs = Math.min(nextReminderMs ?? schedule.neededAtMs, nowMs + operatorReminderMs);
    return Math.max(untilMs, nowMs + minimumLinkMs);
  }
  const endsMs = nextReminderMs === undefined ? schedule.neededAtMs : nextReminderMs + twoTicksMs;
  return Math.max(endsMs, nowMs + minimumLinkMs);
}

function none(reason: string): Decision {
  return { decision: 'none', reason };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
