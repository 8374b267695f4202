/** Roles, the audit trail, and monitoring. */
import * as z from 'zod';

import { arn, json, named, only, text, whole, withoutEffect } from './parts.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const bucket = named(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
const days = whole(1, 2_147_483_647);

export const accessSchemas = {
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
  'aws:iam/role:Role': z.strictObject({ name: named(/^[\w+=,.@-]{1,64}$/), assumeRolePolicy: json }),
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
  'aws:iam/rolePolicy:RolePolicy': z.strictObject({ role: named(/^[\w+=,.@-]{1,64}$/), policy: json }),

  // The trail writes to the event bus only, so the bucket's properties have no effect.
  'aws:s3/bucket:Bucket': z.strictObject({ bucket, forceDestroy: withoutEffect(z.boolean()) }),
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': z.strictObject({
    bucket,
    blockPublicAcls: withoutEffect(z.boolean()),
    blockPublicPolicy: withoutEffect(z.boolean()),
    ignorePublicAcls: withoutEffect(z.boolean()),
    restrictPublicBuckets: withoutEffect(z.boolean()),
  }),
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': z.strictObject({
    bucket,
    rules: z
      .array(
        z.strictObject({
          applyServerSideEncryptionByDefault: z.strictObject({ sseAlgorithm: only('AES256') }),
        }),
      )
      .length(1),
  }),
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_VersioningConfiguration.html
  'aws:s3/bucketVersioning:BucketVersioning': z.strictObject({
    bucket,
    versioningConfiguration: z.strictObject({ status: z.enum(['Enabled', 'Suspended']) }),
  }),
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': z.strictObject({
    bucket,
    rules: z
      .array(
        z.strictObject({
          id: text(1, 255),
          status: z.enum(['Enabled', 'Disabled']),
          filter: z.strictObject({ prefix: z.string() }),
          expiration: withoutEffect(z.strictObject({ days })),
          noncurrentVersionExpiration: withoutEffect(z.strictObject({ noncurrentDays: days })),
          abortIncompleteMultipartUpload: withoutEffect(z.strictObject({ daysAfterInitiation: days })),
        }),
      )
      .min(1)
      .max(1000),
  }),
  'aws:s3/bucketPolicy:BucketPolicy': z.strictObject({ bucket, policy: json }),

  // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
  'aws:cloudtrail/trail:Trail': z.strictObject({
    name: named(/^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$/),
    s3BucketName: bucket,
    // The event bus gets only reads, so a trail without them would have no effect.
    // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
    eventSelectors: z
      .array(z.strictObject({ readWriteType: only('All'), includeManagementEvents: only(true) }))
      .length(1),
    isMultiRegionTrail: withoutEffect(z.boolean()),
    includeGlobalServiceEvents: withoutEffect(z.boolean()),
    enableLogFileValidation: withoutEffect(z.boolean()),
  }),

  // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
  'aws:cloudwatch/logGroup:LogGroup': z.strictObject({
    name: named(/^[.\-_/#A-Za-z0-9]{1,512}$/),
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    retentionInDays: withoutEffect(
      z.literal(
        [
          1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
          3653,
        ],
        'must be one of the numbers of days that CloudWatch Logs offers',
      ),
    ),
  }),
  // cloudwatch/alarm.ts and cloudwatch/dashboard.ts check these.
  'aws:cloudwatch/metricAlarm:MetricAlarm': z.looseObject({
    name: z.string(),
    alarmActions: z.array(arn('sns')).optional(),
    okActions: z.array(arn('sns')).optional(),
    insufficientDataActions: z.array(arn('sns')).optional(),
  }),
  'aws:cloudwatch/dashboard:Dashboard': z.record(z.string(), z.unknown()),
} as const;
