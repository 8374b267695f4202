import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { countdownInWords } from '../core/duration.ts';

/** Leases and logins are timed by this clock, and compared with those that functions time by AWS's. */
const mostMs = 10_000;

/**
 * Compares a clock with AWS's: by the header `Date` of each answer, refusals included, and the middle of the time that it
 * took. It is right to a second (RFC 9110 §5.6.7 has whole ones).
 * @returns how far the clock is off, in words, once it is by more than ten seconds: `47 seconds ahead of`
 */
export function compareWithAws(client: DynamoDBClient, nowMs: () => number): () => string | undefined {
  let aheadMs = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = nowMs();
      const result = await next(args);
      const { headers } = result.response as { headers: Readonly<Record<string, string>> };
      const awsMs = Date.parse(headers['date'] ?? '') + 500;
      if (!Number.isNaN(awsMs)) aheadMs = (sentMs + nowMs()) / 2 - awsMs;
      return result;
    },
    // Next to the wire: before an answer that is a refusal is thrown.
    { step: 'deserialize', priority: 'low' },
  );
  return () => {
    if (Math.abs(aheadMs) <= mostMs) return undefined;
    const words = countdownInWords(Math.abs(aheadMs)).replace('in ', '');
    return `${words} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  };
}
