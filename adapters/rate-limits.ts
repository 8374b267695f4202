import type { RateLimits, Random } from '../core/ports.ts';
import type { Table } from './table.ts';
import { connectionPk } from './table.ts';

/** Counters in DynamoDB: `<pk>/limit#<hash>#<window>`, one expiring item for each window. `pk` is the connection's by default. */
export function dynamoLimits(table: Table, random: Random, pkOf = connectionPk): RateLimits {
  const item = (of: string, what: string, windowMs: number, nowMs: number) => {
    const windowNumber = Math.floor(nowMs / windowMs);
    return {
      pk: pkOf(of),
      sk: `limit#${random.hash(what)}#${windowNumber}`,
      endsAtMs: (windowNumber + 1) * windowMs,
    };
  };
  return {
    async read(of, what, windowMs, nowMs) {
      const { pk, sk } = item(of, what, windowMs, nowMs);
      return Number((await table.read(pk, sk))?.times ?? 0);
    },

    async count(of, what, windowMs, nowMs) {
      const { pk, sk, endsAtMs } = item(of, what, windowMs, nowMs);
      const counted = await table.update({
        pk,
        sk,
        expression: 'SET #times = if_not_exists(#times, :zero) + :one, #ttl = :ttl',
        values: { zero: 0, one: 1, ttl: Math.ceil(endsAtMs / 1000) },
        returns: 'ALL_NEW',
      });
      return Number(counted!.times);
    },
  };
}
