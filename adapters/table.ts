import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { callAws, clientDefaults } from './aws.ts';

export type Item = Record<string, unknown>;

/** One update of one item. Names and values are written as `#name` and `:value`, and given by those names. */
export interface Update {
  readonly pk: string;
  readonly sk: string;
  readonly expression: string;
  readonly condition?: string;
  /** Paths behind `#…` that are not their own name. */
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Item;
  readonly returns?: 'ALL_NEW' | 'ALL_OLD';
}

const keepSeconds = 400 * 24 * 3600;

/** The attribute `ttl` of an item that is history: DynamoDB wants epoch seconds. */
export function ttlOf(nowMs: number): number {
  return Math.floor(nowMs / 1000) + keepSeconds;
}

/** Where all that belongs to one connection is kept. */
export function connectionPk(connectionId: string): string {
  return `connection#${connectionId}`;
}

/** Where Pulumi keeps the settings of one connection: no function may write there. */
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

  /** Consistent: a check must see what the last one wrote. */
  async read(pk: string, sk: string): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.name,
      Key: this.key(pk, sk),
      ConsistentRead: true,
    });
    const { Item: item } = await callAws(`reading ${named(pk, sk)}`, () => this.client.send(command));
    return item && unmarshall(item);
  }

  /** Undefined when the condition does not hold; else the attributes asked for, or an empty item. */
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

/** An item, as an error may name it: a connection by its id, and nothing that a person or a browser could be known by. */
function named(pk: string, sk: string): string {
  const [kind, connectionId] = pk.split('#');
  const isOfConnection = kind === 'connection' || kind === 'settings';
  return isOfConnection ? `${sk.split('#')[0]} of ${connectionId}` : `${kind}`;
}
