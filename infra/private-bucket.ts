import type { types } from '@pulumi/aws/index.js';
import {
  Bucket,
  BucketLifecycleConfiguration,
  BucketPublicAccessBlock,
  BucketServerSideEncryptionConfiguration,
} from '@pulumi/aws/s3/index.js';
import * as pulumi from '@pulumi/pulumi';

export interface PrivateBucketArgs {
  readonly bucketName: pulumi.Input<string>;
  /** Whether it goes with all that is in it when the program has no use for it any more. */
  readonly forceDestroy?: boolean;
  /** What becomes of old objects. */
  readonly rules: types.input.s3.BucketLifecycleConfigurationRule[];
}

/** Bucket names are the world's: the account's number makes it one's own. */
export function bucketNameOf(prefix: string, what: string, accountId: string): string {
  return `${prefix}-${what}-${accountId}`.toLowerCase().replaceAll('_', '-');
}

/**
 * A bucket that is encrypted and nobody's but the account's.
 * @param name what the logical names of its resources begin with
 * @param options of the bucket itself; the others only have its parent
 * @returns the bucket, and the resource that further ones of the bucket must wait for: S3 refuses two changes of one bucket at
 *   a time (409 `OperationAborted`)
 */
export function privateBucket(
  name: string,
  { bucketName, forceDestroy, rules }: PrivateBucketArgs,
  options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): { readonly bucket: Bucket; readonly configured: pulumi.Resource } {
  const parent = { parent: options.parent };
  const bucket = new Bucket(
    `${name}-bucket`,
    { bucket: bucketName, ...(forceDestroy && { forceDestroy }) },
    options,
  );
  const ofBucket = { bucket: bucket.bucket };
  const isPrivate = new BucketPublicAccessBlock(
    `${name}-private`,
    {
      ...ofBucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    parent,
  );
  const encryption = new BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...ofBucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
    { ...parent, dependsOn: [isPrivate] },
  );
  const configured = new BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    { ...ofBucket, rules },
    { ...parent, dependsOn: [encryption] },
  );
  return { bucket, configured };
}

/** A statement of a bucket's policy: nothing goes over an open line. */
export function tlsOnly({ arn }: Bucket) {
  return {
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [arn, pulumi.interpolate`${arn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}
