import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';

import { compareWithAws } from '../../cli/aws-time.ts';
import { ms } from '../helpers/core-samples.ts';

/** Asks once, at one time and until another one of this machine's, for an answer with that header. */
async function compared(sent: string, received: string, date: string | undefined, statusCode = 200) {
  const times = [sent, received].map((time) => ms(`2026-01-05T${time}Z`));
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      handle: async () => ({
        response: {
          statusCode,
          headers: { ...(date && { date }) },
          body: Readable.from([Buffer.from('{}')]),
        },
      }),
    },
  });
  const offBy = compareWithAws(client, () => times.shift()!);
  const command = new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'panel' } } });
  await client.send(command).catch(() => undefined);
  return offBy();
}

const noon = 'Mon, 05 Jan 2026 12:00:00 GMT';

test.each([
  ['12:00:00.500', '12:00:00.500', undefined],
  ['12:00:10.500', '12:00:10.500', undefined],
  ['12:00:10.501', '12:00:10.501', '10 seconds ahead of'],
  ['11:59:50.500', '11:59:50.500', undefined],
  ['11:59:50.499', '11:59:50.499', '10 seconds behind'],
  ['12:45:00.500', '12:45:00.500', '45 minutes ahead of'],
  ['10:00:00.500', '10:00:00.500', '2 hours behind'],
  // The answer took a while: it is of the middle, as far as anybody can tell.
  ['12:00:00.000', '12:00:20.000', undefined],
  ['12:00:01.000', '12:00:21.000', '10 seconds ahead of'],
])(
  'a request from %s to %s that was answered at 12:00:00 is by a clock that is off by %s',
  async (sent, received, offBy) => {
    expect(await compared(sent, received, noon)).toBe(offBy);
  },
);

test('a refusal tells the time too, and an answer without a time tells nothing', async () => {
  expect(await compared('12:30:00', '12:30:00', noon, 400)).toBe('29 minutes ahead of');
  expect(await compared('12:30:00', '12:30:00', undefined)).toBeUndefined();
  expect(await compared('12:30:00', '12:30:00', 'yesterday')).toBeUndefined();
});
