/** S3, as far as the functions use it: objects are put and listed, and found again by whoever looks after the embedded cloud. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { paged, TableService, Token } from './operations.ts';
import { accountId, type Authorize, type AwsService, type Caller } from './service.ts';
import { AwsError } from './errors.ts';
import { parseInput } from './validate.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
const PutObjectInput = z.strictObject({
  Bucket: z.string(),
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
  Key: z.string().refine((key) => Buffer.byteLength(key) <= 1024, 'Your key is too long'),
  ContentType: z.string().optional(),
  Body: z.instanceof(Buffer),
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const ListObjectsInput = z.strictObject({
  Bucket: z.string(),
  prefix: z.string().default(''),
  delimiter: z.literal(['', '/']).default(''),
  'max-keys': z.coerce.number().int().min(0).default(1000),
  'continuation-token': Token,
  // Keys here need no encoding.
  'encoding-type': z.literal('url').optional(),
});

export interface StoredObject {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

interface Kept extends StoredObject {
  readonly modifiedAtMs: number;
}

export class S3 implements AwsService {
  readonly #authorize: Authorize;
  readonly #buckets = new Map<string, Map<string, Kept>>();

  readonly #clock: { now(): number };
  readonly #madeAtMs: number;
  readonly #table = new TableService('s3', [
    ['PutObject', (input, caller) => this.#putObject(input, caller)],
    ['ListBuckets', (input, caller) => this.#listBuckets(input, caller)],
    ['ListObjectsV2', (input, caller) => this.#listObjects(input, caller)],
  ]);

  constructor({
    authorize,
    clock = Date,
  }: {
    readonly authorize: Authorize;
    readonly clock?: { now(): number };
  }) {
    this.#authorize = authorize;
    this.#clock = clock;
    this.#madeAtMs = clock.now();
  }

  createBucket(name: string): void {
    this.#buckets.set(name, new Map());
  }

  /** Of all buckets, by `bucket/key`. */
  objects(): ReadonlyMap<string, StoredObject> {
    return new Map(
      [...this.#buckets].flatMap(([bucket, objects]) =>
        [...objects].map(([key, object]) => [`${bucket}/${key}`, object] as const),
      ),
    );
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.#table.call(operation, input, caller);
  }

  #putObject(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const { Bucket, Key, Body, ContentType } = parseInput('s3:PutObject', PutObjectInput, input);
    this.#authorize(caller, 's3:PutObject', `arn:aws:s3:::${Bucket}/${Key}`);
    const object = { modifiedAtMs: this.#clock.now(), contentType: ContentType, body: Body };
    this.#bucket(Bucket).set(Key, object);
    return { ETag: etagOf(object) };
  }

  #listBuckets(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    parseInput('s3:ListBuckets', z.strictObject({}), input);
    this.#authorize(caller, 's3:ListAllMyBuckets', '*');
    const CreationDate = new Date(this.#madeAtMs);
    return {
      Owner: { ID: accountId },
      Buckets: { Bucket: [...this.#buckets.keys()].map((Name) => ({ Name, CreationDate })) },
    };
  }

  /** With a delimiter, keys that go on after it are told by their beginning alone, as folders are. */
  #listObjects(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const given = parseInput('s3:ListObjectsV2', ListObjectsInput, input);
    const { Bucket, prefix, delimiter, 'max-keys': max, 'continuation-token': token } = given;
    this.#authorize(caller, 's3:ListBucket', `arn:aws:s3:::${Bucket}`);
    const listed = new Map<string, Record<string, unknown>>();
    for (const [Key, object] of [...this.#bucket(Bucket)].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (!Key.startsWith(prefix)) continue;
      const end = delimiter === '' ? -1 : Key.indexOf(delimiter, prefix.length);
      if (end >= 0) listed.set(Key.slice(0, end + 1), { Prefix: Key.slice(0, end + 1) });
      else listed.set(Key, { Key, ...shown(object) });
    }
    const { items, next } = paged([...listed.values()], { max, token, code: 'InvalidArgument' });
    return {
      Name: Bucket,
      Prefix: prefix,
      Delimiter: delimiter === '' ? undefined : delimiter,
      MaxKeys: max,
      KeyCount: items.length,
      IsTruncated: next !== undefined,
      NextContinuationToken: next,
      Contents: items.filter((item) => 'Key' in item),
      CommonPrefixes: items.filter((item) => 'Prefix' in item),
    };
  }

  #bucket(name: string): Map<string, Kept> {
    const objects = this.#buckets.get(name);
    if (!objects) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return objects;
  }
}

function etagOf({ body }: StoredObject): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

function shown(object: Kept): Record<string, unknown> {
  const { body, modifiedAtMs } = object;
  return {
    LastModified: new Date(modifiedAtMs),
    ETag: etagOf(object),
    Size: body.length,
    StorageClass: 'STANDARD',
  };
}
