import { channelsOf } from '../../core/channel.ts';
import { restoredNoticePending } from '../../core/decide.ts';
import { UnexpectedError } from '../../core/errors.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { writeNotice } from '../../core/notice-text.ts';
import type { Events, Grants } from '../../core/ports.ts';
import { deliver } from '../../app/notices/deliver.ts';
import type { FinishStepPorts } from '../../app/checks/finish-step.ts';
import { finishStep } from '../../app/checks/finish-step.ts';
import type { SendLoginLinkPorts } from '../../app/notices/send-login-link.ts';
import { authorizationIdOf, sendLoginLink } from '../../app/notices/send-login-link.ts';
import type { StepOutput } from '../../app/checks/step.ts';
import { eventsOf } from '../../app/checks/step-events.ts';
import type { NotifyOwnerInput } from './contract.ts';
import { testChannels } from '../../app/notices/test-channels.ts';

export interface NotifyOwnerPorts extends SendLoginLinkPorts, FinishStepPorts {
  readonly grants: SendLoginLinkPorts['grants'] & Pick<Grants, 'read' | 'claimNotice' | 'recordReached'>;
  readonly events: Events;
}

/**
 * Sends the owner one notice: a reminder with a link, the news that the grant works again, or a requested test.
 * @returns the next decision, with `sent`, `held` if another execution sends this notice, or the result of a test
 * @throws {ChannelUnavailableError} a retry repeats the named channels
 * @throws {StoreUnavailableError} a retry repeats channels whose outcome was not recorded
 */
export async function notifyOwner(input: NotifyOwnerInput, ports: NotifyOwnerPorts): Promise<StepOutput> {
  const { decision, executionId, retryCount } = input;
  const { connectionId } = input.request;
  if (decision.decision !== 'notify') {
    throw new UnexpectedError(`NotifyOwner was asked to ${decision.decision}.`);
  }
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return finishStep('removed', 'notify', input, ports);

  const noticeId = authorizationIdOf(executionId, input.entry, ports.random);
  const events = eventsOf(input, ports.events);
  if (decision.kind === 'test') {
    const tested = await testChannels({ settings, grant, noticeId, retryCount }, { ...ports, events });
    return finishStep(tested, 'notify', input, ports);
  }
  const nowMs = ports.clock.nowMs();
  const about = decision.reminder ?? decision.kind;
  if (!(await ports.grants.claimNotice(connectionId, { notice: about, by: executionId, atMs: nowMs }))) {
    return finishStep('held', 'notify', input, ports);
  }
  let outcome: 'sent' | 'held' = 'sent';
  if (decision.kind === 'restored') {
    // Another execution may have sent it between the decision and the claim.
    const { grant: now } = await ports.grants.read(connectionId);
    if (!restoredNoticePending(settings, now, nowMs)) return finishStep('held', 'notify', input, ports);
    const deadlineMs = reminderScheduleOf(settings, grant)?.neededAtMs;
    const notice = writeNotice(settings, { kind: 'restored', deadlineMs });
    const channels = channelsOf(settings.owner);
    const message = { settings, noticeId, notice, channels, retryCount };
    const { reached, again } = await deliver(message, ports);
    if (again) throw again;
    const notified = {
      atMs: ports.clock.nowMs(),
      channels: reached,
      restoredNoticePending: false,
      forgetsReminders: true,
    };
    await ports.grants.recordNotified(connectionId, notified);
  } else {
    const expiresAtMs = Date.parse(decision.expiresAt!);
    const request = { settings, grant, executionId, authorizationId: noticeId, expiresAtMs, retryCount };
    outcome = await sendLoginLink({ ...request, reason: 'reminder' }, ports);
  }
  await events.record(connectionId, 'notified', { notice: about, outcome });
  return finishStep(outcome, 'notify', input, ports);
}
