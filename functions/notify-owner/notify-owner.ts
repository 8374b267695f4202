import { channelsOf } from '../../core/channel.ts';
import { owesRestored } from '../../core/decide.ts';
import { UnexpectedError } from '../../core/errors.ts';
import { ladderOf } from '../../core/ladder.ts';
import { writeNotice } from '../../core/notice.ts';
import type { Events, Grants } from '../../core/ports.ts';
import { deliver } from '../deliver.ts';
import type { NextPorts } from '../next.ts';
import { next } from '../next.ts';
import type { OfferPorts } from '../offer.ts';
import { authorizationIdOf, offer } from '../offer.ts';
import type { StepOutput } from '../step.ts';
import { eventsOf } from '../timeline.ts';
import type { NotifyOwnerInput } from './contract.ts';
import { testChannels } from './test-channels.ts';

export interface NotifyOwnerPorts extends OfferPorts, NextPorts {
  readonly grants: OfferPorts['grants'] & Pick<Grants, 'read' | 'claimNotice' | 'recordReached'>;
  readonly events: Events;
}

/**
 * Tells the owner, once per rung: with a link that works until the next rung's, or that the grant is back; or tests
 * their channels, whenever asked.
 * @returns `sent`, or `held` when another execution tells them, or what a test came to; and the next decision
 * @throws {ChannelUnavailableError} a retry repeats what the channels that are named did not take
 * @throws {StoreUnavailableError} a retry repeats what was not recorded
 */
export async function notifyOwner(input: NotifyOwnerInput, ports: NotifyOwnerPorts): Promise<StepOutput> {
  const { decision, executionId, retryCount } = input;
  const { connectionId } = input.ask;
  if (decision.decision !== 'notify') {
    throw new UnexpectedError(`NotifyOwner was asked to ${decision.decision}.`);
  }
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return next('removed', 'notify', input, ports);

  const noticeId = authorizationIdOf(executionId, input.entry, ports.random);
  const events = eventsOf(input, ports.events);
  if (decision.kind === 'test') {
    const tested = await testChannels({ settings, grant, noticeId, retryCount }, { ...ports, events });
    return next(tested, 'notify', input, ports);
  }
  const nowMs = ports.clock.nowMs();
  const about = decision.rung ?? decision.kind;
  if (!(await ports.grants.claimNotice(connectionId, { notice: about, by: executionId, atMs: nowMs }))) {
    return next('held', 'notify', input, ports);
  }
  let outcome: 'sent' | 'held' = 'sent';
  if (decision.kind === 'restored') {
    // Another execution may have told it between the decision and the claim.
    const { grant: now } = await ports.grants.read(connectionId);
    if (!owesRestored(settings, now, nowMs)) return next('held', 'notify', input, ports);
    const deadlineMs = ladderOf(settings, grant)?.neededAtMs;
    const notice = writeNotice(settings, { kind: 'restored', deadlineMs });
    const channels = channelsOf(settings.owner);
    const message = { settings, noticeId, notice, channels, retryCount };
    const { reached, again } = await deliver(message, ports);
    if (again) throw again;
    const told = { atMs: ports.clock.nowMs(), channels: reached, owesRestored: false, forgetsRungs: true };
    await ports.grants.recordTold(connectionId, told);
  } else {
    const expiresAtMs = Date.parse(decision.expiresAt!);
    const ask = { settings, grant, executionId, authorizationId: noticeId, expiresAtMs, retryCount };
    outcome = await offer({ ...ask, reason: 'rung' }, ports);
  }
  await events.record(connectionId, 'notified', { notice: about, outcome });
  return next(outcome, 'notify', input, ports);
}
