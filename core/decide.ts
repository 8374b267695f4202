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
import { linkExpiry, minimumLinkMs } from './link-expiry.ts';
import { reminderScheduleOf } from './reminder-schedule.ts';
import type { Settings } from './settings.ts';
import { marginSeconds, tickSeconds } from './settings.ts';
import { refreshBudget } from './version-budget.ts';

/** Reasons to do nothing. The texts of all reasons are in app/labels.ts. */
const noneReasons = [
  'healthy',
  'waiting-for-owner',
  'owner-logging-in',
  'link-closed',
  'refresh-limited',
  'paused',
  'in-set-up',
  'disconnecting',
  'disconnected',
  'tick-already-checked',
  'removed-from-configuration',
  // The state machine uses this reason before the first check.
  'not-checked',
  'report-only',
] as const;

/** The result of a check, with its reason. The state machine reads only the decision. */
export const DecisionSchema = z.discriminatedUnion('decision', [
  z.object({
    decision: z.literal('none'),
    reason: z.enum(noneReasons),
    /** For `refresh-limited` and `waiting-for-owner`: when the same request will be granted, ISO 8601. */
    until: z.optional(z.string()),
  }),
  z.object({
    decision: z.literal('refresh'),
    reason: z.enum(['asked-for', 'access-token-expiring', 'login-interrupted']),
  }),
  z.object({
    decision: z.literal('notify'),
    reason: z.enum(['asked-for', 'reminder-due', 'grant-restored']),
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
  z.object({
    decision: z.literal('disconnect'),
    reason: z.enum(['asked-for', 'disconnection-interrupted']),
  }),
]);

export type Decision = z.infer<typeof DecisionSchema>;
export type DecisionReason = Decision['reason'];
type NoneReason = (typeof noneReasons)[number];

/** When the same request will be granted, ISO 8601, if that is known. */
export function untilOf(decision: Decision): string | undefined {
  return decision.decision === 'none' ? decision.until : undefined;
}

/** The steps of an execution since its start or its last wait. None of them is decided twice. */
export const StepsDoneSchema = z.array(z.enum(['refresh', 'notify', 'reauthorize', 'disconnect']));
export type StepsDone = z.infer<typeof StepsDoneSchema>;

/**
 * An action that somebody requests before it is due.
 * - `change-owner`: like `reauthorize`, but the person who logs in becomes the owner
 * - `test`: a test notice
 * - `disconnect`: ends the grant, here and at the provider
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

/** A mail may take some minutes. */
const askAgainMs = 15 * 60 * 1000;

/** Decides what to do next for one grant. docs/architecture.md explains the order of the questions. */
export function decide(settings: Settings, grant: Grant, nowMs: number, request: DecisionRequest): Decision {
  const did = (step: StepsDone[number]) => request.done.includes(step);
  if (request.force === 'disconnect' && !did('disconnect'))
    return { decision: 'disconnect', reason: 'asked-for' };
  // A test notice depends on the channels only, not on the grant.
  if (request.force === 'test' && !did('notify')) {
    return { decision: 'notify', reason: 'asked-for', kind: 'test' };
  }
  if (grant.disconnection !== undefined) {
    // A request resumes it at once. A scheduled check waits until the execution that began it must have ended.
    const isLeft = request.force !== undefined || nowMs >= grant.disconnection.atMs + disconnectionGraceMs;
    return isLeft && !did('disconnect')
      ? { decision: 'disconnect', reason: 'disconnection-interrupted' }
      : none('disconnecting');
  }
  if (isPaused(settings, grant)) return none('paused');
  if (isInSetUp(grant)) return none('in-set-up');
  if (isInterrupted(grant.login, nowMs) && !did('refresh')) {
    return { decision: 'refresh', reason: 'login-interrupted' };
  }

  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  const reauthorizeForced = request.force === 'reauthorize' && !did('reauthorize');
  if (reauthorizeForced && request.authorizationId !== undefined) {
    if (open?.authorizationId !== request.authorizationId) return none('link-closed');
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

  // A disconnected grant has no deadline, so no reminders.
  const schedule = grant.status === 'disconnected' ? undefined : reminderScheduleOf(settings, grant);
  if (isAlive(settings, grant, nowMs) && !did('refresh')) {
    const budget = refreshBudget(settings, grant, request, nowMs);
    if (request.force === 'refresh') {
      return budget.kind === 'limited'
        ? { decision: 'none', reason: 'refresh-limited', until: iso(budget.untilMs) }
        : { decision: 'refresh', reason: 'asked-for' };
    }
    if (budget.kind !== 'limited' && !outlivesNextTick(settings, grant.accessExpiresAtMs, nowMs)) {
      return { decision: 'refresh', reason: 'access-token-expiring' };
    }
  }

  // A link that ends before the next check does not count: an owner who abandons that login needs another link.
  const loginInProgress =
    isLoginUnderWay(grant.authorization, nowMs) &&
    grant.authorization!.expiresAtMs >=
      nowMs + tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  // A requested login gets a new link, but not for each press of the button.
  const askAgainAtMs =
    reauthorizeForced && open?.openedAtMs !== undefined ? open.openedAtMs + askAgainMs : undefined;
  const wantsNewLink = askAgainAtMs !== undefined && nowMs >= askAgainAtMs;
  const needed = loginReason(grant, schedule, nowMs);
  const reason = changeOwnerForced
    ? 'change-owner'
    : (needed ?? (reauthorizeForced ? 'requested' : undefined));
  // Only the link of a change of owner lets the new owner in, so it serves for any reason while it is open.
  const isLetIn = open?.reason === 'change-owner';
  const isOpenForIt = (open?.reason === reason || isLetIn) && !wantsNewLink;
  if (reason !== undefined && !isOpenForIt && !loginInProgress && !did('reauthorize')) {
    return { decision: 'reauthorize', reason, expiresAt: iso(linkExpiry(settings, schedule, reason, nowMs)) };
  }

  const reminderMs = schedule && newestUnsentReminder(grant, schedule, nowMs);
  if (reminderMs !== undefined && needed === undefined && !loginInProgress && !isLetIn && !did('notify')) {
    return {
      decision: 'notify',
      reason: 'reminder-due',
      kind: 'expiring',
      reminder: iso(reminderMs),
      expiresAt: iso(linkExpiry(settings, schedule, 'reminder', nowMs)),
    };
  }

  if (needed === undefined && !did('notify') && restoredNoticePending(settings, grant, nowMs)) {
    return { decision: 'notify', reason: 'grant-restored', kind: 'restored' };
  }
  if (reason === undefined) return none('healthy');
  if (loginInProgress) return none('owner-logging-in');
  return { ...none('waiting-for-owner'), ...(askAgainAtMs !== undefined && { until: iso(askAgainAtMs) }) };
}

/** True if an access token that ends then is valid until the next check is done. */
export function outlivesNextTick(
  settings: Settings,
  accessExpiresAtMs: number | undefined,
  nowMs: number,
): boolean {
  const neededSeconds = tickSeconds(settings.provider.accessTokenLifetimeSeconds) + marginSeconds;
  return accessExpiresAtMs !== undefined && accessExpiresAtMs > nowMs + neededSeconds * 1000;
}

/** The reminders (ISO 8601) that have passed. One notice at `nowMs` covers all of them. */
export function passedReminders(settings: Settings, grant: Grant, nowMs: number): string[] {
  return (reminderScheduleOf(settings, grant)?.reminders ?? []).flatMap(({ atMs }) =>
    atMs <= nowMs ? iso(atMs) : [],
  );
}

/**
 * True if the owner was asked to log in and no longer needs to. Either a login restored the grant, or a refresh has
 * postponed the deadline of a grant with a sliding lifetime.
 */
export function restoredNoticePending(settings: Settings, grant: Grant, nowMs: number): boolean {
  if (grant.status === 'disconnected') return false;
  if (grant.restoredNoticePending) return true;
  const schedule = grant.sentReminders.length > 0 ? reminderScheduleOf(settings, grant) : undefined;
  if (schedule === undefined) return false;
  const { absoluteSeconds } = settings.provider.limits;
  const isPostponed = deadlineOf({ absoluteSeconds }, grant) !== schedule.deadlineMs;
  // New settings move reminders, too. A refresh postponed the deadline only if it came after every sent reminder.
  const isUsedSince = grant.sentReminders.every(
    (reminder) => Date.parse(reminder) < (grant.refreshedAtMs ?? 0),
  );
  return isPostponed && isUsedSince && nowMs < schedule.reminders[0]!.atMs;
}

/** The channels for a notice: those of the newest reminder for a planned notice, otherwise all. */
export function channelsForNotice(
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

/** True if an operator or the configuration has paused it. Nothing is refreshed, and the owner gets no notices. */
export function isPaused(settings: Settings, grant: Grant): boolean {
  return settings.paused || grant.paused;
}

/** True if a refresh can still succeed, according to the grant record. */
export function isAlive(settings: Settings, grant: Grant, nowMs: number): boolean {
  return grant.status === 'active' && nowMs < (deadlineOf(settings.provider.limits, grant) ?? Infinity);
}

/** Why the owner has to log in now. Undefined if they need not. */
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

function none(reason: NoneReason): Decision {
  return { decision: 'none', reason };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
