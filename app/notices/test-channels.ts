import { channelsOf } from '../../core/channel.ts';
import type { Grant } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { writeNotice } from '../../core/notice.ts';
import type { Events, Grants } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { DeliverPorts } from './deliver.ts';
import { deliver } from './deliver.ts';

export interface TestChannelsPorts extends DeliverPorts {
  readonly grants: Pick<Grants, 'recordReached'>;
  readonly events: Events;
}

/**
 * Sends a test over every channel that the owner has. It claims nothing and counts as nothing told, but a channel that
 * takes it works again.
 * @returns `sent` over all of them, over some, or over none
 * @throws {ChannelUnavailableError} a retry repeats what the channels that are named did not take
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
