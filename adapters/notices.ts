import { channelNames } from '../core/channel.ts';
import type { NoticeOutcomes } from '../core/notice-text.ts';
import type { Notices } from '../core/ports.ts';
import type { Table } from './table.ts';
import { connectionPk, ttlOf } from './table.ts';

/** The outcomes of notices: `connection#<id>/notice#<noticeId>`, with one attribute for each channel. */
export function dynamoNotices(table: Table): Notices {
  return {
    async read(connectionId, noticeId) {
      const outcomes = (await table.read(connectionPk(connectionId), `notice#${noticeId}`)) ?? {};
      return Object.fromEntries(channelNames.map((name) => [name, outcomes[name]])) as NoticeOutcomes;
    },

    async record(connectionId, noticeId, channel, outcome, nowMs) {
      await table.update({
        pk: connectionPk(connectionId),
        sk: `notice#${noticeId}`,
        expression: `SET #${channel} = :outcome, #ttl = :ttl`,
        values: { outcome, ttl: ttlOf(nowMs) },
      });
    },
  };
}
