import { DeleteItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

import type { Clock, Events, Incidents, Random } from '../core/ports.ts';
import { callAws } from './aws.ts';
import type { Table } from './table.ts';

const keepSeconds = 400 * 24 * 3600;

/** `connection#<id>/event#<time>`: what happened. */
export function dynamoEvents(table: Table, clock: Clock, random: Random): Events {
  return {
    async record(connectionId, type, details) {
      const nowMs = clock.nowMs();
      const sk = `event#${new Date(nowMs).toISOString()}#${random.uuid().slice(0, 8)}`;
      const command = new PutItemCommand({
        TableName: table.name,
        Item: {
          ...table.key(connectionId, sk),
          type: { S: type },
          details: { S: JSON.stringify(details) },
          ttl: { N: String(Math.floor(nowMs / 1000) + keepSeconds) },
        },
      });
      await callAws(`recording what happened to ${connectionId}`, () => table.client.send(command));
    },
  };
}

/** `connection#<id>/incident#<step>#<error>`: written by the state machine itself when it alerts. */
export function dynamoIncidents(table: Table): Incidents {
  return {
    async end(connectionId, step) {
      const query = new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :incidents)',
        ExpressionAttributeValues: {
          ':pk': { S: `connection#${connectionId}` },
          ':incidents': { S: step === undefined ? 'incident#' : `incident#${step}#` },
        },
        ProjectionExpression: 'pk, sk',
        ConsistentRead: true,
      });
      const what = `ending the incidents of ${connectionId}`;
      const { Items: items = [] } = await callAws(what, () => table.client.send(query));
      for (const { pk, sk } of items) {
        const command = new DeleteItemCommand({ TableName: table.name, Key: { pk: pk!, sk: sk! } });
        await callAws(what, () => table.client.send(command));
      }
    },
  };
}
