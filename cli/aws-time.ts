import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { countdownText } from '../core/duration.ts';

/** The tolerated difference. Functions compare this machine's leases and logins with AWS's clock. */
const mostMs = 10_000;

/**
 * Compares a clock with the header `Date` of each of AWS's answers, refusals included, taken at the middle of the call. The
 * result is right to a second, because the header has whole ones (RFC 9110 §5.6.7).
 * @returns how far the clock is off, in text, if that is more than ten seconds: `47 seconds ahead of`
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
    // Closest to the network, so that it also sees answers that become errors.
    { step: 'deserialize', priority: 'low' },
  );
  return () => {
    if (Math.abs(aheadMs) <= mostMs) return undefined;
    const text = countdownText(Math.abs(aheadMs)).replace('in ', '');
    return `${text} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  };
}
