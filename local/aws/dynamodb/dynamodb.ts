/** DynamoDB: dynalite behind the program's roles. Items outlive their TTL; DynamoDB, too, may keep them for days. */
import dynalite from 'dynalite';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError, notSupported } from '../errors.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../service.ts';

/**
 * The parameters of each operation. dynalite silently ignores unknown ones, such as
 * `ReturnValuesOnConditionCheckFailure`. AWS advises against the legacy ones, from before expressions.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
 */
const parameters: Record<string, readonly string[]> = {
  GetItem: ['TableName', 'Key', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'],
  PutItem: [
    'TableName',
    'Item',
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValues',
  ],
  UpdateItem: [
    'TableName',
    'Key',
    'UpdateExpression',
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValues',
  ],
  DeleteItem: [
    'TableName',
    'Key',
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValues',
  ],
  BatchGetItem: ['RequestItems'],
  Query: [
    'TableName',
    'KeyConditionExpression',
    'FilterExpression',
    'ProjectionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ConsistentRead',
    'ScanIndexForward',
    'Limit',
    'ExclusiveStartKey',
    'Select',
  ],
};

/** Of each table in a batch. */
const batchParameters = ['Keys', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'];

/** Request units of an on-demand table. */
export interface Consumed {
  readonly readUnits: number;
  readonly writeUnits: number;
}

export class DynamoDb implements AwsService {
  /** Receives what each call on items consumed. */
  onConsumed: (consumed: Consumed) => void = () => undefined;
  readonly #authorize: Authorize;
  readonly #server: Server;
  /** The partition key's name, by table. */
  readonly #hashKeys = new Map<string, string>();

  constructor({ authorize }: { authorize: Authorize }) {
    this.#authorize = authorize;
    this.#server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  }

  /** Makes a table with keys of type S, and waits until it is active. @returns its ARN */
  async createTable({
    name,
    hashKey,
    rangeKey,
  }: {
    name: string;
    hashKey: string;
    rangeKey?: string | undefined;
  }): Promise<string> {
    this.#hashKeys.set(name, hashKey);
    const keys = rangeKey === undefined ? [hashKey] : [hashKey, rangeKey];
    await this.#forward('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: 'S' })),
      KeySchema: keys.map((key, index) => ({ AttributeName: key, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    });
    for (;;) {
      const { Table } = (await this.#forward('DescribeTable', { TableName: name })) as {
        Table?: { TableStatus?: string };
      };
      if (Table?.TableStatus === 'ACTIVE') return tableArn(name);
      await sleep(1);
    }
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    const known = parameters[operation];
    if (!known) throw notSupported(`dynamodb:${operation}`, Object.keys(parameters));
    refuseUnknown(operation, input, known);
    if (operation === 'BatchGetItem') return this.#batchGet(input, caller);
    if (typeof input['TableName'] !== 'string') {
      throw new AwsError('ValidationException', 'The parameter TableName is required.');
    }
    // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html: a table's name or its ARN
    const name = input['TableName'].replace(tableArn(''), '');
    const leadingKeys = keysOf(input).map((key) => this.#leading(name, key));
    this.#authorize(caller, `dynamodb:${operation}`, tableArn(name), { leadingKeys });
    return this.#use(operation, { ...input, TableName: name });
  }

  /** Items of one table, or of several: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
  async #batchGet(
    { RequestItems }: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    const asked = Object.entries((RequestItems ?? {}) as Record<string, Record<string, unknown>>);
    for (const [name, of] of asked) {
      // AWS repeats the ARN in its answer; dynalite would answer with the name.
      if (name.startsWith('arn:')) throw notSupported('the ARN of a table in dynamodb:BatchGetItem');
      refuseUnknown('BatchGetItem', of, batchParameters);
      const leadingKeys = (of['Keys'] as Item[]).map((key) => this.#leading(name, key));
      this.#authorize(caller, 'dynamodb:BatchGetItem', tableArn(name), { leadingKeys });
    }
    return this.#use('BatchGetItem', { RequestItems });
  }

  async #use(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const asked = { ...input, ReturnConsumedCapacity: 'TOTAL' };
    const { ConsumedCapacity: consumed, ...output } = await this.#forward(operation, asked);
    const tables = (Array.isArray(consumed) ? consumed : [consumed]) as readonly { CapacityUnits: number }[];
    const units = tables.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
    const isWrite = /^(Put|Update|Delete)/.test(operation);
    this.onConsumed({ readUnits: isWrite ? 0 : units, writeUnits: isWrite ? units : 0 });
    return output;
  }

  #leading(table: string, item: Item): string {
    return item[this.#hashKeys.get(table) ?? '']?.S ?? '';
  }

  /** Calls dynalite's request handler directly: without a socket it takes less than a millisecond. */
  async #forward(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const request = Object.assign(new EventEmitter(), {
      method: 'POST',
      url: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20000101T000000Z',
        // dynalite requires one and doesn't verify it.
        authorization: 'AWS4-HMAC-SHA256 Credential=test, SignedHeaders=host, Signature=none',
      },
    });
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve) => {
      const response = {
        statusCode: 200,
        setHeader: () => undefined,
        end: (text: string) => resolve({ status: response.statusCode, body: text }),
      };
      this.#server.emit('request', request, response);
      request.emit('data', Buffer.from(JSON.stringify(input)));
      request.emit('end');
    });
    if (status === 200) return JSON.parse(body) as Record<string, unknown>;

    const { __type: type = '', message, Message, ...members } = JSON.parse(body) as Record<string, string>;
    throw new AwsError(type.replace(/^.*#/, ''), message ?? Message ?? '', status, members);
  }
}

/** Attributes as the protocol writes them. */
type Item = Readonly<Record<string, { readonly S?: string } | undefined>>;

/** The keys that a call names; for a query, those that its expression compares. */
function keysOf({ Key, Item: item, KeyConditionExpression, ...query }: Record<string, unknown>): Item[] {
  if (Key !== undefined || item !== undefined) return [(Key ?? item) as Item];
  const values = (query['ExpressionAttributeValues'] ?? {}) as Item;
  const expression = typeof KeyConditionExpression === 'string' ? KeyConditionExpression : '';
  const compared = expression.matchAll(/(\w+)\s*=\s*(:\w+)/g);
  return [Object.fromEntries([...compared].map(([, name, value]) => [name!, values[value!]]))];
}

function refuseUnknown(operation: string, input: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(input).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw notSupported(`the parameter ${unknown.join(', ')} of dynamodb:${operation}`);
}

/** dynalite starts within a few milliseconds and keeps everything in memory; there is nothing to close. */
export async function startDynamoDb({ authorize }: { authorize: Authorize }): Promise<DynamoDb> {
  return new DynamoDb({ authorize });
}

function tableArn(name: string): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
}
