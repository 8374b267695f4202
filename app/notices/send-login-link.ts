import { channelsForNotice, passedReminders } from '../../core/decide.ts';
import type { LoginReason, Grant, OpenAuthorization, Superseded } from '../../core/grant.ts';
import { claimMs } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { linkPath } from '../../core/link.ts';
import { noticeKind, writeNotice } from '../../core/notice-text.ts';
import type { Authorizations, Grants, Random, Workflow } from '../../core/ports.ts';
import type { LoginLink } from '../../core/authorization.ts';
import type { Settings } from '../../core/settings.ts';
import type { DeliverPorts } from './deliver.ts';
import { deliver } from './deliver.ts';

export interface SendLoginLinkPorts extends DeliverPorts {
  readonly grants: Pick<Grants, 'openAuthorization' | 'confirmSent' | 'confirmSuperseded' | 'recordNotified'>;
  readonly authorizations: Pick<Authorizations, 'addLink' | 'setStatus'>;
  readonly workflow: Pick<Workflow, 'resume' | 'report'>;
  readonly random: Random;
}

export interface LoginLinkRequest {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly executionId: string;
  readonly authorizationId: string;
  readonly reason: LoginReason;
  readonly expiresAtMs: number;
  readonly retryCount: number;
  /** The task token of the execution that waits for this login. A notice has none. */
  readonly taskToken?: string | undefined;
}

/**
 * Opens an authorization and sends its link to the owner. A repeat with the same id adds its task token and a new link for
 * the channels that have not taken the first one. Both links work.
 * @returns `held` if since the read of the grant another authorization was opened or the connection was disconnected, or if
 *   another execution sends this reminder
 * @throws {ChannelUnavailableError} a retry repeats the channels that did not answer
 */
export async function sendLoginLink(
  request: LoginLinkRequest,
  ports: SendLoginLinkPorts,
): Promise<'sent' | 'held'> {
  const { settings, grant, executionId, authorizationId, reason, expiresAtMs } = request;
  const { connectionId } = settings;
  const random = ports.random.secret();
  const link: LoginLink = {
    connectionId,
    authorizationId,
    reason,
    expiresAtMs,
    linkHash: ports.random.hash(random),
    executionId: request.taskToken && executionId,
    taskToken: request.taskToken,
  };
  const nowMs = ports.clock.nowMs();
  const { status } = await ports.authorizations.addLink(link, nowMs);
  // The owner has logged in by the link of an earlier attempt.
  if (status === 'completed' || status === 'superseded' || status === 'expired') return 'held';
  const previous = grant.authorization;
  // An earlier attempt opened this authorization, and may have died before it ended the older ones.
  const repeated = previous?.authorizationId === authorizationId;
  const supersedes = [
    ...(previous?.supersedes ?? []),
    ...(previous && !repeated ? [idAndExpiry(previous)] : []),
  ];
  const unsent = passedReminders(settings, grant, nowMs).filter(
    (reminder) => !grant.sentReminders.includes(reminder),
  );
  if (!repeated) {
    // Expires soon until the link is sent, so that the next check asks again if no message went out.
    const open = {
      authorizationId,
      reason,
      openedAtMs: nowMs,
      expiresAtMs: Math.min(expiresAtMs, nowMs + claimMs),
      supersedes,
    };
    const newest = unsent.at(-1);
    const claim = newest === undefined ? undefined : { notice: newest, by: executionId, atMs: nowMs };
    if (!(await ports.grants.openAuthorization(connectionId, grant, open, claim))) {
      await ports.authorizations.setStatus(connectionId, authorizationId, 'superseded');
      return 'held';
    }
  }
  const kind = noticeKind(reason);
  const url = settings.publicUrl + linkPath({ connectionId, authorizationId, random });
  const notice = writeNotice(settings, {
    kind,
    neededAtMs: reminderScheduleOf(settings, grant)?.neededAtMs,
    link: { url, expiresAtMs },
  });
  const channels = channelsForNotice(settings, grant, reason, nowMs);
  const message = { settings, noticeId: authorizationId, notice, channels, retryCount: request.retryCount };
  const { reached, again } = await deliver(message, ports);
  if (again === undefined || reached.length > 0) {
    await ports.grants.confirmSent(connectionId, authorizationId, expiresAtMs);
  }
  if (again) throw again;
  await ports.grants.recordNotified(connectionId, {
    atMs: ports.clock.nowMs(),
    channels: reached,
    reminders: unsent,
    ...(kind === 'expired' ? { restoredNoticePending: true } : {}),
  });
  // Last, so that a failure here does not keep the notice from the owner.
  for (const superseded of supersedes) await supersede(connectionId, superseded, ports);
  if (supersedes.length > 0) await ports.grants.confirmSuperseded(connectionId, authorizationId);
  return 'sent';
}

function idAndExpiry({ authorizationId, expiresAtMs }: OpenAuthorization): Superseded {
  return { authorizationId, expiresAtMs };
}

/** Ends an authorization that a newer one or a login has replaced, and resumes the executions that wait for it. */
export async function supersede(
  connectionId: string,
  { authorizationId, expiresAtMs }: Superseded,
  ports: Pick<SendLoginLinkPorts, 'clock'> & {
    readonly workflow: Pick<Workflow, 'resume'>;
    readonly authorizations: Pick<Authorizations, 'setStatus'>;
  },
): Promise<void> {
  const status = ports.clock.nowMs() < expiresAtMs ? 'superseded' : 'expired';
  const superseded = await ports.authorizations.setStatus(connectionId, authorizationId, status);
  if (superseded) await ports.workflow.resume(superseded.taskTokens, { outcome: 'superseded', done: [] });
}

/** The id of an authorization. Every retry of the same step of an execution gets the same id. */
export function authorizationIdOf(executionId: string, entry: number, random: Random): string {
  const letters = random
    .hash(`${executionId}#${entry}`)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return letters.slice(0, 20).padEnd(20, '0');
}
