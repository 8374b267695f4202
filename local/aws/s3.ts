/** S3, as far as the functions use it: objects are put, and found again by whoever looks after the embedded cloud. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Authorize, AwsService, Caller } from './service.ts';
import { AwsError, notPlayed } from './errors.ts';
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

  constructor({ authorize }: { readonly authorize: Authorize }) {
    this.#authorize = authorize;
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
    if (operation !== 'PutObject') throw notPlayed(`s3:${operation}`);
    const { Bucket, Key, Body, ContentType } = parseInput('s3:PutObject', PutObjectInput, input);
    this.#authorize(caller, 's3:PutObject', `arn:aws:s3:::${Bucket}/${Key}`);
    const objects = this.#buckets.get(Bucket);
    if (!objects) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    objects.set(Key, { contentType: ContentType, body: Body });
    return { ETag: `"${createHash('md5').update(Body).digest('hex')}"` };
  }
}
