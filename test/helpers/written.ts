/** Collects all that the stack has written, so that a test can search it for credentials. */
import { administrator } from '../../local/aws/service.ts';
import type { TestDemo } from './demo.ts';

/** Input, output, cause and every event of every execution. */
export async function histories(demo: TestDemo): Promise<unknown[]> {
  const { stepFunctions } = demo.cloud;
  const executions = await demo.executions();
  return Promise.all(
    executions.flatMap(({ executionArn }) => [
      stepFunctions.call('DescribeExecution', { executionArn }, administrator),
      stepFunctions.call('GetExecutionHistory', { executionArn, maxResults: 1000 }, administrator),
    ]),
  );
}

/** Every item of a partition. */
export async function itemsOf({ cloud }: TestDemo, pk: string): Promise<unknown[]> {
  const found: unknown[] = [];
  let ExclusiveStartKey: unknown;
  do {
    const page = await cloud.dynamoDb.call(
      'Query',
      {
        TableName: cloud.outputs.tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      },
      administrator,
    );
    found.push(...(page.Items as unknown[]));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}

/** An item as text, without the one secret that belongs into it: the PKCE verifier of a start. */
export function withoutVerifier(item: unknown): string {
  return JSON.stringify(item).replaceAll(/"codeVerifier":\{"S":"[^"]+"\}/g, '');
}
