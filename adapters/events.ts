import { PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

import type { Clock, Events, Incidents, Random } from '../core/ports.ts';
import type { EndedIncident } from '../core/incident.ts';
import { callAws } from './aws.ts';
import type { Table } from './table.ts';
import { connectionPk, ttlOf } from './table.ts';

/** The events of the timeline: `connection#<id>/event#<time>`. */
export function dynamoEvents(table: Table, clock: Clock, random: Random): Events {
  return {
    async record(connectionId, type, details) {
      const nowMs = clock.nowMs();
      const sk = `event#${new Date(nowMs).toISOString()}#${random.uuid().slice(0, 8)}`;
      const command = new PutItemCommand({
        TableName: table.name,
        Item: {
          ...table.key(connectionPk(connectionId), sk),
          type: { S: type },
          details: { S: JSON.stringify(details) },
          ttl: { N: String(ttlOf(nowMs)) },
        },
      });
      await callAws(`recording what happened to ${connectionId}`, () => table.client.send(command));
    },
  };
}

/**
 * The incidents: `connection#<id>/incident#<step>#<error>`. The state machine writes one when it alerts. An ended incident
 * stays for the history and does not suppress the next alert.
 */
export function dynamoIncidents(table: Table, clock: Clock): Incidents {
  return {
    async end(connectionId, isOver, by) {
      const query = new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :incidents)',
        ExpressionAttributeValues: {
          ':pk': { S: connectionPk(connectionId) },
          ':incidents': { S: 'incident#' },
        },
        ConsistentRead: true,
      });
      const what = `reading the incidents of ${connectionId}`;
      const { Items: items = [] } = await callAws(what, () => table.client.send(query));
      const ended: EndedIncident[] = [];
      for (const item of items) {
        const { sk, since, endedAt, endedBy } = unmarshall(item) as IncidentItem;
        const [, step = '', error = ''] = sk.split('#');
        const incident = { step, error, since };
        // An earlier attempt of this step ended it, but its answer was lost.
        if (endedBy === by) ended.push({ incident, isNew: false });
        if (endedAt !== undefined || !isOver(incident)) continue;
        const nowMs = clock.nowMs();
        const written = await table.update({
          pk: connectionPk(connectionId),
          sk,
          expression: 'SET #endedAt = :endedAt, #endedBy = :by, #ttl = :ttl',
          // Since the read, another step may have ended it, and a new one may have begun.
          condition: '#since = :since AND (attribute_not_exists(#endedAt) OR #endedBy = :by)',
          values: {
            endedAt: new Date(nowMs).toISOString(),
            by,
            ttl: ttlOf(nowMs),
            since,
          },
        });
        if (written) ended.push({ incident, isNew: true });
      }
      return ended;
    },
  };
}

interface IncidentItem {
  readonly sk: string;
  readonly since: string;
  readonly endedAt?: string;
  readonly endedBy?: string;
}
