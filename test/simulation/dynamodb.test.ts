import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { isExhaustive } from '../helpers/exhaustive.ts';
import { startLocalAws } from '../helpers/local-aws.ts';
import { DynamoDb } from './dynamodb.ts';
import { unchanged } from './mutants.ts';
import { simulateWorld } from './world.ts';

type Aws = Awaited<ReturnType<typeof startLocalAws>>;

let aws: Aws;
beforeAll(async () => {
  aws = await startLocalAws();
});
afterAll(() => aws.close());

/** Every call of one world, with what the model answered. */
async function callsOf(seed: number) {
  const spy = jest.spyOn(DynamoDb.prototype, 'call');
  await simulateWorld(seed, unchanged);
  const { calls, results } = spy.mock;
  spy.mockRestore();
  return calls.map(([operation, request], at) => {
    const { type, value } = results[at]!;
    return { operation, request, answer: type === 'throw' ? (value as { code: string }).code : value };
  });
}

test('it answers as dynalite does, to all that a simulated world asks', async () => {
  const operations = new Set<string>();
  for (const seed of isExhaustive ? [1, 2, 3] : [1]) {
    const TableName = `table-${seed}`;
    await aws.dynamoDb.createTable({ name: TableName, hashKey: 'pk', rangeKey: 'sk' });
    for (const { operation, request, answer } of await callsOf(seed)) {
      operations.add(operation);
      const asked = { ...request, TableName } as Record<string, unknown>;
      const real = await aws.dynamoDb
        .call(operation, asked, administrator)
        .catch((error: { code: string }) => error.code);
      expect({ operation, request, answer }).toEqual({ operation, request, answer: real });
    }
  }
  expect([...operations].toSorted()).toEqual(['GetItem', 'PutItem', 'Query', 'UpdateItem']);
});
