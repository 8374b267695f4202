import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { countdownInWords } from '../core/duration.ts';

/** Functions compare the leases and logins that this clock times with their own, which AWS's clock times. */
const mostMs = 10_000;

/**
 * Compares a clock with the header `Date` of each of AWS's answers, refusals included, taken at the middle of the call. The
 * result is right to a second, because the header has whole ones (RFC 9110 §5.6.7).
 * @returns how far the clock is off, in words, if that is more than ten seconds: `47 seconds ahead of`
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
