import { channelsOf } from '../../core/channel.ts';
import type { Grant } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { writeNotice } from '../../core/notice-text.ts';
import type { Events, Grants } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { DeliverPorts } from './deliver.ts';
import { deliver } from './deliver.ts';

export interface TestChannelsPorts extends DeliverPorts {
  readonly grants: Pick<Grants, 'recordReached'>;
  readonly events: Events;
}

/**
 * Sends a test notice over all channels of the owner. It does not count as a reminder, but a channel that takes it works
 * again.
 * @returns `sent` if all channels took it, `partly-sent` if some, `not-sent` if none
 * @throws {ChannelUnavailableError} a retry repeats the named channels
 */
export async function testChannels(
  { settings, grant, ...of }: Test,
  ports: TestChannelsPorts,
): Promise<'sent' | 'partly-sent' | 'not-sent'> {
  const { connectionId, owner } = settings;
  const deadlineMs = grant.status === 'active' ? reminderScheduleOf(settings, grant)?.neededAtMs : undefined;
  const notice = writeNotice(settings, { kind: 'test', deadlineMs });
  const channels = channelsOf(owner);
  const { reached, again } = await deliver({ ...of, settings, notice, channels }, ports);
  await ports.grants.recordReached(connectionId, reached, ports.clock.nowMs());
  if (again) throw again;
  const some = reached.length > 0 ? 'partly-sent' : 'not-sent';
  const outcome = reached.length === channels.length ? 'sent' : some;
  await ports.events.record(connectionId, 'tested', { outcome, channels: reached.join(', ') });
  return outcome;
}

interface Test {
  readonly settings: Settings;
  readonly grant: Grant;
  /** The same for every attempt. */
  readonly noticeId: string;
  readonly retryCount: number;
}
