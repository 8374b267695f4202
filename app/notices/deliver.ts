import type { ChannelName } from '../../core/channel.ts';
import { channelSteps } from '../../core/channel.ts';
import type { GrantkeeperError } from '../../core/errors.ts';
import { asOurs, ChannelUnavailableError, StoreUnavailableError } from '../../core/errors.ts';
import type { Notice } from '../../core/notice-text.ts';
import { unreached } from '../../core/notice-text.ts';
import type { Clock, Messages, Metrics, Notices, Workflow } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';

export interface DeliverPorts {
  readonly messages: Messages;
  readonly notices: Notices;
  readonly workflow: Pick<Workflow, 'report'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface Message {
  readonly settings: Settings;
  /** The same for every attempt. */
  readonly noticeId: string;
  readonly notice: Notice;
  readonly channels: readonly ChannelName[];
  /** The number of retries of this step. */
  readonly retryCount: number;
}

export interface Delivered {
  /** The channels that took the notice, in this attempt or an earlier one. */
  readonly reached: readonly ChannelName[];
  /** Throw this after recording `reached`, to retry the other channels. */
  readonly again?: ChannelUnavailableError | undefined;
}

/** The retries of a channel that does not answer: fewer if another channel has reached the owner. */
export const channelRetries = { othersReached: 3, noneReached: 8 } as const;

/**
 * Sends a notice over all its channels at once. Records each channel that took it, so that a retry does not repeat it.
 * Alerts operators of a channel that refuses, once for each incident. If no channel took it, operators get the notice with
 * its link to pass it on, except for a test.
 * @throws {StoreUnavailableError} an outcome could not be recorded; a retry repeats only those
 */
export async function deliver(message: Message, ports: DeliverPorts): Promise<Delivered> {
  const { settings, noticeId, notice, channels } = message;
  const { connectionId } = settings;
  const before = await ports.notices.read(connectionId, noticeId);
  const attempts = await Promise.allSettled(
    channels
      .filter((channel) => before[channel] === undefined)
      .map((channel) => attempt(channel, message, ports)),
  );
  const unrecorded = attempts.find((settled) => settled.status === 'rejected');
  if (unrecorded) throw unrecorded.reason;
  const outcomes = attempts.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));

  const sent = outcomes.filter(({ error }) => error === undefined).map(({ channel }) => channel);
  const reached = channels.filter((channel) => before[channel] === 'sent' || sent.includes(channel));
  const unanswered = outcomes.filter(({ mayPass }) => mayPass);
  const most = reached.length > 0 ? channelRetries.othersReached : channelRetries.noneReached;
  if (unanswered.length > 0 && message.retryCount < most) {
    const names = unanswered.map(({ channel }) => channel).join(', ');
    const again = new ChannelUnavailableError(`No answer from ${names}. Only these are tried again.`);
    return { reached, again };
  }
  for (const { channel, error } of unanswered) await fail(channel, error!, message, ports);
  // A test has no link to pass on, and operators were already alerted of its failures.
  if (reached.length > 0 || notice.kind === 'test') return { reached };
  const failures = channels.map((channel) => {
    const outcome = outcomes.find((tried) => tried.channel === channel);
    return `${channel}: ${outcome?.error?.message ?? 'refused it before'}`;
  });
  await ports.messages.notifyOperators(unreached(settings, notice, failures));
  return { reached };
}

interface DeliveryAttempt {
  readonly channel: ChannelName;
  readonly error?: GrantkeeperError | undefined;
  /** The channel did not answer, and a retry may succeed. */
  readonly mayPass: boolean;
}

async function attempt(
  channel: ChannelName,
  message: Message,
  ports: DeliverPorts,
): Promise<DeliveryAttempt> {
  const { settings, noticeId, notice } = message;
  const error = await ports.messages.send(channel, settings, notice, noticeId).then(() => undefined, asOurs);
  if (error === undefined) {
    ports.metrics.count('NoticesSent', 'channel', channel);
    await ports.notices.record(settings.connectionId, noticeId, channel, 'sent', ports.clock.nowMs());
    return { channel, mayPass: false };
  }
  const mayPass = error instanceof ChannelUnavailableError || error instanceof StoreUnavailableError;
  if (!mayPass) await fail(channel, error, message, ports);
  return { channel, error, mayPass };
}

async function fail(
  channel: ChannelName,
  error: GrantkeeperError,
  { settings: { connectionId }, noticeId }: Message,
  { notices, workflow, metrics, clock }: DeliverPorts,
): Promise<void> {
  metrics.count('NoticesFailed', 'channel', channel);
  // Report first. If we die in between, a retry reports again, and the incident suppresses a second alert.
  await workflow.report(connectionId, channelSteps[channel], error);
  await notices.record(connectionId, noticeId, channel, 'failed', clock.nowMs());
}
