import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

import { ConfigurationError, StoreUnavailableError } from '../core/errors.ts';
import type { EventType, TimelineEvent } from '../core/event.ts';
import { eventKinds } from '../core/event.ts';
import { PanelSettingsSchema } from '../core/panel.ts';
import type { EventPage, EventsFound, ListedConnection } from '../core/panel.ts';
import type { Panel } from '../core/ports.ts';
import type { KnownIncident } from '../core/health.ts';
import { callAws } from './aws.ts';
import { readGrant } from './grant-record.ts';
import { readSettings } from './grants.ts';
import type { Item, Table } from './table.ts';
import { connectionPk, settingsPk } from './table.ts';

/** The limit of BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const batchSize = 100;
/** DynamoDB fills each page with up to 1 MB of events before it filters them. */
const mostPagesRead = 6;

/** The panel's reads of the table. They need not be consistent, because nothing is decided by them. */
export function dynamoPanel(table: Table): Panel {
  return {
    async readSettings() {
      const { settings = '{}' } = (await table.read('panel', 'settings')) ?? {};
      const parsed = PanelSettingsSchema.safeParse(JSON.parse(settings as string));
      if (!parsed.success)
        throw new ConfigurationError("The panel's stored settings are not valid. Deploy again.");
      return parsed.data;
    },

    async readConnections(connectionIds) {
      const keys = connectionIds.flatMap((id) => [
        table.key(settingsPk(id), 'settings'),
        table.key(connectionPk(id), 'grant'),
      ]);
      const [items, incidents] = await Promise.all([
        readMany(table, keys),
        Promise.all(connectionIds.map((id) => openIncidents(table, id))),
      ]);
      return connectionIds.map((connectionId, index): ListedConnection => {
        const settings = items.get(`${settingsPk(connectionId)} settings`);
        return {
          connectionId,
          settings: settings && readSettings(connectionId, settings),
          grant: readGrant(items.get(`${connectionPk(connectionId)} grant`)),
          incidents: incidents[index]!,
        };
      });
    },

    async readEvents(connectionId, page) {
      return readEvents(table, connectionId, page);
    },
  };
}

/** Returns the items by `pk sk`. */
async function readMany(
  table: Table,
  keys: readonly Record<string, AttributeValue>[],
): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  let left = [...keys];
  for (let attempt = 0; left.length > 0; attempt += 1) {
    if (attempt > keys.length / batchSize + 5) {
      throw new StoreUnavailableError('reading connections: UnprocessedKeys');
    }
    const command = new BatchGetItemCommand({
      RequestItems: { [table.name]: { Keys: left.slice(0, batchSize) } },
    });
    const answer = await callAws('reading connections', () => table.client.send(command));
    for (const item of answer.Responses?.[table.name] ?? []) {
      const { pk, sk, ...attributes } = unmarshall(item);
      found.set(`${pk} ${sk}`, attributes);
    }
    left = [...left.slice(batchSize), ...(answer.UnprocessedKeys?.[table.name]?.Keys ?? [])];
  }
  return found;
}

async function openIncidents(table: Table, connectionId: string): Promise<KnownIncident[]> {
  const query = new QueryCommand({
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :incidents)',
    FilterExpression: 'attribute_not_exists(endedAt)',
    ExpressionAttributeValues: { ':pk': { S: connectionPk(connectionId) }, ':incidents': { S: 'incident#' } },
  });
  const { Items: items = [] } = await callAws(`reading the incidents of ${connectionId}`, () =>
    table.client.send(query),
  );
  return items.map((item) => {
    const { sk, since, reason, executionId } = unmarshall(item) as Record<string, string>;
    const [, step = '', error = ''] = sk!.split('#');
    return { step, error, since: since!, reason: reason ?? '', executionId: executionId ?? '' };
  });
}

async function readEvents(
  table: Table,
  connectionId: string,
  { kind, before, limit }: EventPage,
): Promise<EventsFound> {
  const types = Object.entries(eventKinds).flatMap(([type, of]) => (of === kind ? [type] : []));
  const typeValues = Object.fromEntries(types.map((type, index) => [`:type${index}`, { S: type }]));
  const events: TimelineEvent[] = [];
  let from = before;
  for (let read = 0; read < mostPagesRead; read += 1) {
    const query = new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ...(kind !== undefined && {
        FilterExpression: `#type IN (${Object.keys(typeValues).join(', ')})`,
        ExpressionAttributeNames: { '#type': 'type' },
      }),
      ExpressionAttributeValues: {
        ':pk': { S: connectionPk(connectionId) },
        ':first': { S: 'event#' },
        ':last': { S: `event#${from ?? '~'}` },
        ...(kind !== undefined && typeValues),
      },
      ScanIndexForward: false,
      // Two more: the event that the page begins after, and one that shows whether more follow. A filter needs no limit.
      ...(kind === undefined && { Limit: limit + 2 }),
    });
    const { Items: items = [], LastEvaluatedKey: last } = await callAws(
      `reading what happened to ${connectionId}`,
      () => table.client.send(query),
    );
    events.push(...items.map(eventOf).filter(({ key }) => key !== from));
    from = last?.sk?.S?.slice('event#'.length);
    if (events.length > limit || from === undefined) break;
  }
  if (events.length > limit) return { events: events.slice(0, limit), before: events[limit - 1]!.key };
  return { events, before: from };
}

function eventOf(item: Record<string, AttributeValue>): TimelineEvent {
  const { sk, type, details } = unmarshall(item) as Record<string, string>;
  const key = sk!.slice('event#'.length);
  return {
    key,
    at: key.split('#')[0]!,
    type: type as EventType,
    details: JSON.parse(details!) as TimelineEvent['details'],
  };
}
