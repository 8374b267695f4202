import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../local/aws/errors.ts';
import type { Item, Substitutes } from './dynamodb-expressions.ts';
import { InvalidPathError, parseCondition, parseUpdate } from './dynamodb-expressions.ts';

export interface Request extends Substitutes {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string | undefined;
  readonly KeyConditionExpression?: string;
  readonly ReturnValues?: string;
}

/** Told of every change of an item, before and after. */
export type OnChange = (
  key: { pk: string; sk: string },
  before: Item | undefined,
  after: Item | undefined,
) => void;

/** One table in memory: each call is one atomic step. Tied to dynalite by `dynamodb.test.ts`. */
export class DynamoDb {
  /** By `pk`, then by `sk`. */
  readonly #partitions = new Map<string, Map<string, Item>>();
  readonly #onChange: OnChange;

  constructor(onChange: OnChange = () => undefined) {
    this.#onChange = onChange;
  }

  item(pk: string, sk: string): Item | undefined {
    return this.#partitions.get(pk)?.get(sk);
  }

  /** Those of one `pk` whose `sk` begins so. */
  items(pk: string, prefix = ''): Item[] {
    const found: Item[] = [];
    for (const [sk, item] of this.#partitions.get(pk) ?? []) if (sk.startsWith(prefix)) found.push(item);
    return found.sort((a, b) => (text(a.sk) < text(b.sk) ? -1 : 1));
  }

  call(operation: string, request: Request): Record<string, unknown> {
    switch (operation) {
      case 'GetItem':
        return { Item: this.#find(request.Key!) };
      case 'PutItem':
        return this.#put(request);
      case 'UpdateItem':
        return this.#update(request);
      case 'Query':
        return this.#query(request);
      default:
        throw new Error(`DynamoDB's ${operation} is not supported here`);
    }
  }

  #put(request: Request): Record<string, unknown> {
    const { Item: item } = request;
    this.#check(request, this.#find(item!));
    return this.#write(item!, item);
  }

  #update(request: Request): Record<string, unknown> {
    const key = request.Key!;
    const before = this.#find(key);
    this.#check(request, before);
    const after = changed(before ?? key, request);
    this.#write(key, after);
    if (request.ReturnValues === 'ALL_NEW') return { Attributes: after };
    return request.ReturnValues === 'ALL_OLD' ? { Attributes: before } : {};
  }

  #query(request: Request): Record<string, unknown> {
    const { KeyConditionExpression: condition, ExpressionAttributeValues: values } = request;
    const [, pk, prefix] = /^pk = (:\w+) AND begins_with\(sk, (:\w+)\)$/.exec(condition!)!;
    const found = this.items(text(values![pk!]), text(values![prefix!]));
    return { Items: found, Count: found.length, ScannedCount: found.length };
  }

  #check(request: Request, item: Item | undefined): void {
    const { ConditionExpression: condition } = request;
    if (condition === undefined || parseCondition(condition)(item ?? {}, request)) return;
    throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed');
  }

  #find(key: Item): Item | undefined {
    return this.item(text(key.pk), text(key.sk));
  }

  #write(keyed: Item, after: Item | undefined): Record<string, unknown> {
    const [pk, sk] = [text(keyed.pk), text(keyed.sk)];
    const partition = this.#partitions.get(pk) ?? new Map<string, Item>();
    this.#partitions.set(pk, partition);
    const before = partition.get(sk);
    if (after) partition.set(sk, after);
    else partition.delete(sk);
    this.#onChange({ pk, sk }, before, after);
    return {};
  }
}

function changed(item: Item, request: Request): Item {
  try {
    return parseUpdate(request.UpdateExpression!)(item, request);
  } catch (error) {
    if (error instanceof InvalidPathError) throw new AwsError('ValidationException', error.message);
    throw error;
  }
}

function text(value: AttributeValue | undefined): string {
  return value!.S!;
}
