import type { NoticeOutcomes, Notices } from '../core/ports.ts';
import type { Table } from './table.ts';
import { connectionPk, ttlOf } from './table.ts';

/** `connection#<id>/notice#<noticeId>`: one attribute a channel. */
export function dynamoNotices(table: Table): Notices {
  return {
    async read(connectionId, noticeId) {
      const { email, sms, slack, discord } =
        (await table.read(connectionPk(connectionId), `notice#${noticeId}`)) ?? {};
      return { email, sms, slack, discord } as NoticeOutcomes;
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
