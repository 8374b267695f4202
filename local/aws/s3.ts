/** S3: functions put objects; tests and the local tools read them. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { TableService } from './operations.ts';
import type { Authorize, AwsService, Caller } from './service.ts';
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

export interface StoredObject {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export class S3 implements AwsService {
  readonly #authorize: Authorize;
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #table = new TableService('s3', [
    ['PutObject', (input, caller) => this.#putObject(input, caller)],
  ]);

  constructor({ authorize }: { readonly authorize: Authorize }) {
    this.#authorize = authorize;
  }

  createBucket(name: string): void {
    this.#buckets.set(name, new Map());
  }

  /** By `bucket/key`. */
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
    const object = { contentType: ContentType, body: Body };
    this.#bucket(Bucket).set(Key, object);
    return { ETag: etagOf(object) };
  }

  #bucket(name: string): Map<string, StoredObject> {
    const objects = this.#buckets.get(name);
    if (!objects) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return objects;
  }
}

function etagOf({ body }: StoredObject): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}
