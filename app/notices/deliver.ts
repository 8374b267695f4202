import type { ChannelName } from '../../core/channel.ts';
import { channelSteps } from '../../core/channel.ts';
import type { GrantkeeperError } from '../../core/errors.ts';
import { asOurs, ChannelUnavailableError, StoreUnavailableError } from '../../core/errors.ts';
import type { Notice } from '../../core/notice.ts';
import { unreached } from '../../core/notice.ts';
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
  /** How often this step was retried. */
  readonly retryCount: number;
}

export interface Delivered {
  /** That took the notice, in this attempt or an earlier one; without any the operators have it, unless it is a test. */
  readonly reached: readonly ChannelName[];
  /** To be thrown once what was reached is recorded: some channels are to be tried again, alone. */
  readonly again?: ChannelUnavailableError | undefined;
}

/** After so many retries a channel that does not answer has failed, where another one has reached the owner, or none. */
export const channelRetries = { othersReached: 3, noneReached: 8 } as const;

/**
 * Sends a notice over each of its channels, all at once and each for itself: one that fails holds no other back. What
 * a channel took is recorded and not sent again; what one refuses is told to the operators, once an incident. Where
 * none took it, the operators get it with its link, to pass it on; not a test.
 * @throws {StoreUnavailableError} an outcome could not be recorded: a retry repeats what was not
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
    const again = new ChannelUnavailableError(`No answer from ${names}; tried again alone.`);
    return { reached, again };
  }
  for (const { channel, error } of unanswered) await fail(channel, error!, message, ports);
  // Of a test there is nothing to pass on; what failed has been told.
  if (reached.length > 0 || notice.kind === 'test') return { reached };
  const failures = channels.map((channel) => {
    const outcome = outcomes.find((tried) => tried.channel === channel);
    return `${channel}: ${outcome?.error?.message ?? 'refused it before'}`;
  });
  await ports.messages.tellOperators(unreached(settings, notice, failures));
  return { reached };
}

interface DeliveryAttempt {
  readonly channel: ChannelName;
  readonly error?: GrantkeeperError | undefined;
  /** It did not answer, and is not recorded. */
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
  // Told before it is written down: what dies in between is tried again, and an incident is told once.
  await workflow.report(connectionId, channelSteps[channel], error);
  await notices.record(connectionId, noticeId, channel, 'failed', clock.nowMs());
}
