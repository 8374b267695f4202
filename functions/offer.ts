import { channelsToTell, passedRungs } from '../core/decide.ts';
import type { AskReason, Grant, OpenAuthorization, Superseded } from '../core/grant.ts';
import { claimMs } from '../core/grant.ts';
import { ladderOf } from '../core/ladder.ts';
import { linkPath } from '../core/link.ts';
import { noticeKind, writeNotice } from '../core/notice.ts';
import type { Authorizations, Grants, Offer, Random, Workflow } from '../core/ports.ts';
import type { Settings } from '../core/settings.ts';
import type { DeliverPorts } from './deliver.ts';
import { deliver } from './deliver.ts';

export interface OfferPorts extends DeliverPorts {
  readonly grants: Pick<Grants, 'openAuthorization' | 'confirmSent' | 'confirmSuperseded' | 'recordTold'>;
  readonly authorizations: Pick<Authorizations, 'offer' | 'setStatus'>;
  readonly workflow: Pick<Workflow, 'resume' | 'report'>;
  readonly random: Random;
}

export interface Ask {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly executionId: string;
  readonly authorizationId: string;
  readonly reason: AskReason;
  readonly expiresAtMs: number;
  readonly retryCount: number;
  /** Of the execution that waits for this authorization; a notice has none. */
  readonly taskToken?: string | undefined;
}

/**
 * Opens an authorization and sends its link to the owner. A repeat with the same id adds its task token, and a new
 * link for the channels that have not taken the first one; either works.
 * @returns `held` when another authorization was opened, or the connection ended, since the grant was read, or another
 *   execution tells the rung
 * @throws {ChannelUnavailableError} some channels are to be tried again; what was reached is recorded
 */
export async function offer(ask: Ask, ports: OfferPorts): Promise<'sent' | 'held'> {
  const { settings, grant, executionId, authorizationId, reason, expiresAtMs } = ask;
  const { connectionId } = settings;
  const random = ports.random.secret();
  const offered: Offer = {
    connectionId,
    authorizationId,
    reason,
    expiresAtMs,
    linkHash: ports.random.hash(random),
    executionId: ask.taskToken && executionId,
    taskToken: ask.taskToken,
  };
  const nowMs = ports.clock.nowMs();
  const { status } = await ports.authorizations.offer(offered, nowMs);
  // A repeat, whose owner has logged in by the link of an attempt before.
  if (status === 'completed' || status === 'superseded' || status === 'expired') return 'held';
  const previous = grant.authorization;
  // A repeat finds itself open, and may have died before it had ended those before it.
  const repeated = previous?.authorizationId === authorizationId;
  const supersedes = [
    ...(previous?.supersedes ?? []),
    ...(previous && !repeated ? [idAndExpiry(previous)] : []),
  ];
  const untold = passedRungs(settings, grant, nowMs).filter((rung) => !grant.toldRungs.includes(rung));
  if (!repeated) {
    // Until its link is sent it holds other asks back for a moment only: if nobody could be told, the next check asks.
    const open = {
      authorizationId,
      reason,
      offeredAtMs: nowMs,
      expiresAtMs: Math.min(expiresAtMs, nowMs + claimMs),
      supersedes,
    };
    const newest = untold.at(-1);
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
    neededAtMs: ladderOf(settings, grant)?.neededAtMs,
    link: { url, expiresAtMs },
  });
  const channels = channelsToTell(settings, grant, reason, nowMs);
  const message = { settings, noticeId: authorizationId, notice, channels, retryCount: ask.retryCount };
  const { reached, again } = await deliver(message, ports);
  if (again === undefined || reached.length > 0) {
    await ports.grants.confirmSent(connectionId, authorizationId, expiresAtMs);
  }
  if (again) throw again;
  await ports.grants.recordTold(connectionId, {
    atMs: ports.clock.nowMs(),
    channels: reached,
    rungs: untold,
    ...(kind === 'expired' ? { owesRestored: true } : {}),
  });
  // Last, so that a wait that cannot be ended never keeps the owner from hearing.
  for (const superseded of supersedes) await supersede(connectionId, superseded, ports);
  if (supersedes.length > 0) await ports.grants.confirmSuperseded(connectionId, authorizationId);
  return 'sent';
}

function idAndExpiry({ authorizationId, expiresAtMs }: OpenAuthorization): Superseded {
  return { authorizationId, expiresAtMs };
}

/** Ends an authorization in favour of a newer one or of a login, and resumes who waits for it. */
export async function supersede(
  connectionId: string,
  { authorizationId, expiresAtMs }: Superseded,
  ports: Pick<OfferPorts, 'clock'> & {
    readonly workflow: Pick<Workflow, 'resume'>;
    readonly authorizations: Pick<Authorizations, 'setStatus'>;
  },
): Promise<void> {
  const status = ports.clock.nowMs() < expiresAtMs ? 'superseded' : 'expired';
  const superseded = await ports.authorizations.setStatus(connectionId, authorizationId, status);
  if (superseded) await ports.workflow.resume(superseded.taskTokens, { outcome: 'superseded', done: [] });
}

/** The same id for every repeat of the same step of the same execution. */
export function authorizationIdOf(executionId: string, entry: number, random: Random): string {
  const letters = random
    .hash(`${executionId}#${entry}`)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return letters.slice(0, 20).padEnd(20, '0');
}
