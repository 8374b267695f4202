import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { callAws, clientDefaults } from './aws.ts';

export type Item = Record<string, unknown>;

/** One update of one item. Expressions write names as `#name` and values as `:value`. */
export interface Update {
  readonly pk: string;
  readonly sk: string;
  readonly expression: string;
  readonly condition?: string;
  /** Attribute names that differ from their `#name`. */
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
  readonly returns?: 'ALL_NEW' | 'ALL_OLD';
}

const keepSeconds = 400 * 24 * 3600;

/** The attribute `ttl` of an item that expires, in epoch seconds as DynamoDB requires. */
export function ttlOf(nowMs: number): number {
  return Math.floor(nowMs / 1000) + keepSeconds;
}

/** The partition key of a connection's items. */
export function connectionPk(connectionId: string): string {
  return `connection#${connectionId}`;
}

/** The partition key of a connection's settings. Pulumi writes them, and no function may. */
export function settingsPk(connectionId: string): string {
  return `settings#${connectionId}`;
}

/** The table of the stack. */
export class Table {
  readonly name: string;
  readonly client: DynamoDBClient;

  constructor(name: string, client = new DynamoDBClient(clientDefaults)) {
    this.name = name;
    this.client = client;
  }

  key(pk: string, sk: string): Record<string, AttributeValue> {
    return { pk: { S: pk }, sk: { S: sk } };
  }

  /** Reads consistently, because a check must see what the last one wrote. */
  async read(pk: string, sk: string): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.name,
      Key: this.key(pk, sk),
      ConsistentRead: true,
    });
    const { Item: item } = await callAws(`reading ${named(pk, sk)}`, () => this.client.send(command));
    return item && unmarshall(item);
  }

  /** Returns the requested attributes or an empty item. Undefined if the condition does not hold. */
  async update(update: Update): Promise<Item | undefined> {
    const { pk, sk, expression, condition, names, values, returns } = update;
    const used = new Set(`${expression} ${condition ?? ''}`.match(/#\w+/g));
    const input: UpdateItemCommandInput = {
      TableName: this.name,
      Key: this.key(pk, sk),
      UpdateExpression: expression,
      ConditionExpression: condition,
      ExpressionAttributeNames: Object.fromEntries(
        [...used].map((name) => [name, names?.[name.slice(1)] ?? name.slice(1)]),
      ),
      ReturnValues: returns ?? 'NONE',
    };
    if (values) {
      const marshalled = marshall(values, { removeUndefinedValues: true });
      input.ExpressionAttributeValues = Object.fromEntries(
        Object.entries(marshalled).map(([name, value]) => [`:${name}`, value]),
      );
    }
    const answer = await callAws(
      `writing ${named(pk, sk)}`,
      () => this.client.send(new UpdateItemCommand(input)),
      { ConditionalCheckFailedException: () => undefined },
    );
    return answer && (answer.Attributes ? unmarshall(answer.Attributes) : {});
  }
}

/** Names an item for an error: by its connection's id, and without anything that identifies a person or a browser. */
function named(pk: string, sk: string): string {
  const [kind, connectionId] = pk.split('#');
  const isOfConnection = kind === 'connection' || kind === 'settings';
  return isOfConnection ? `${sk.split('#')[0]} of ${connectionId}` : `${kind}`;
}
