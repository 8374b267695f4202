import { Trail } from '@pulumi/aws/cloudtrail/index.js';
import type { Bucket } from '@pulumi/aws/s3/index.js';
import { BucketPolicy, BucketVersioning } from '@pulumi/aws/s3/index.js';
import * as pulumi from '@pulumi/pulumi';

import { kept } from '../kept.ts';
import { bucketNameOf, privateBucket, tlsOnly } from '../private-bucket.ts';
import type { WatchedEvent } from './operator-alerts.ts';

export interface AuditTrailArgs {
  readonly prefix: string;
  readonly accountId: pulumi.Input<string>;
  /** Of the trail, known beforehand: its bucket lets no other write. */
  readonly trailArn: pulumi.Input<string>;
  readonly keepDays: number;
  /** Name of the bucket, where an earlier deployment has left it. */
  readonly found: string | undefined;
}

export const trailBucketName = (prefix: string, accountId: string) =>
  bucketNameOf(prefix, 'trail', accountId);

/** A CloudTrail of the account's calls, for those who have none: without one nobody hears who reads a secret. */
export class AuditTrail extends pulumi.ComponentResource {
  constructor(name: string, args: AuditTrailArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:AuditTrail', name, {}, opts);
    const parent = { parent: this };
    const { bucket, configured } = privateBucket(
      name,
      {
        bucketName: pulumi
          .output(args.accountId)
          .apply((accountId) => trailBucketName(args.prefix, accountId)),
        rules: [
          {
            id: 'expire',
            status: 'Enabled',
            filter: { prefix: '' },
            expiration: { days: args.keepDays },
            noncurrentVersionExpiration: { noncurrentDays: 30 },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
        ],
      },
      { ...parent, ...kept(args.found, ['forceDestroy', 'tags']) },
    );
    const versions = new BucketVersioning(
      `${name}-versions`,
      { bucket: bucket.bucket, versioningConfiguration: { status: 'Enabled' } },
      { ...parent, dependsOn: [configured] },
    );
    const policy = new BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.bucket, policy: bucketPolicy(bucket, args) },
      { ...parent, dependsOn: [versions] },
    );
    new Trail(
      `${name}-trail`,
      {
        name: `${args.prefix}-trail`,
        s3BucketName: bucket.bucket,
        // Management events, reads among them: the first copy of these costs nothing.
        eventSelectors: [{ readWriteType: 'All', includeManagementEvents: true }],
        isMultiRegionTrail: true,
        includeGlobalServiceEvents: true,
        enableLogFileValidation: true,
      },
      // CloudTrail checks that it may write when the trail is made.
      { ...parent, dependsOn: [policy] },
    );
    this.registerOutputs({});
  }
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
function bucketPolicy(bucket: Bucket, { accountId, trailArn }: AuditTrailArgs): pulumi.Output<string> {
  const cloudTrail = { Service: 'cloudtrail.amazonaws.com' };
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: cloudTrail,
        Action: 's3:GetBucketAcl',
        Resource: bucket.arn,
        Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
      },
      {
        Effect: 'Allow',
        Principal: cloudTrail,
        Action: 's3:PutObject',
        Resource: pulumi.interpolate`${bucket.arn}/AWSLogs/${accountId}/*`,
        Condition: {
          StringEquals: { 'aws:SourceArn': trailArn, 's3:x-amz-acl': 'bucket-owner-full-control' },
        },
      },
      tlsOnly(bucket),
    ],
  });
}

/** Makes the ARN for a prefix or pattern of secret names. */
type SecretArn = (name: string) => pulumi.Input<string>;

/**
 * Reads of what only the keeper reads: refresh tokens, clients' credentials, webhooks; by anybody but its functions, and
 * refused ones as well. Access tokens are for others to read, so they are not watched.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
 */
export function foreignReads(
  secretPrefix: string,
  secretArn: SecretArn,
  functionRoleArns: readonly pulumi.Input<string>[],
): WatchedEvent {
  const beginnings = [`${secretPrefix}/client/`, `${secretPrefix}/webhook/`];
  return readsBut(functionRoleArns, {
    description: 'Reads of grant, client and webhook secrets by anybody but the functions.',
    watched: [
      ...eitherWay('wildcard', `${secretPrefix}/*/grant*`, secretArn),
      ...beginnings.flatMap((beginning) => eitherWay('prefix', beginning, secretArn)),
    ],
    remedy:
      'take the permission away, have the owner log in again (which ends the old grant), and make new credentials for the client.',
  });
}

/**
 * Reads of browsers' passwords by anybody but their functions: not even the keeper's other functions read these.
 * @param browserRoleArns what the ARNs of their roles begin with: there may be any number of them, and a pattern has 2,048
 *   characters (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html)
 */
export function foreignBrowserSecretReads(
  browserSecretPrefix: string,
  secretArn: SecretArn,
  browserRoleArns: pulumi.Input<string>,
): WatchedEvent {
  return readsBut(
    { prefix: browserRoleArns },
    {
      description: 'Reads of the passwords that browsers log in with, by anybody but their functions.',
      watched: eitherWay('prefix', `${browserSecretPrefix}/`, secretArn),
      remedy:
        'take the permission away, and change the password at the provider at once: grantkeeper browser-login rotate puts the new one in place.',
    },
  );
}

/**
 * A call names a secret by its name or by its ARN. Two patterns that begin apart, not one that begins with a wildcard:
 * EventBridge refuses a rule whose wildcards fit too much at once.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
function eitherWay(
  operator: 'prefix' | 'wildcard',
  path: string,
  secretArn: SecretArn,
): Record<string, pulumi.Input<string>>[] {
  return [{ [operator]: path }, { [operator]: secretArn(path) }];
}

interface Reads {
  readonly description: string;
  readonly watched: readonly Record<string, pulumi.Input<string>>[];
  readonly remedy: string;
}

function readsBut(
  roleArns: readonly pulumi.Input<string>[] | { readonly prefix: pulumi.Input<string> },
  { description, watched, remedy }: Reads,
): WatchedEvent {
  return {
    description,
    pattern: {
      source: ['aws.secretsmanager'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: {
        eventSource: ['secretsmanager.amazonaws.com'],
        eventName: ['GetSecretValue', 'BatchGetSecretValue'],
        requestParameters: { secretId: watched },
        // A role's session has an issuer; a user, or the account's root, has none.
        userIdentity: {
          sessionContext: {
            sessionIssuer: { arn: [{ exists: false }, { 'anything-but': roleArns }] },
          },
        },
      },
    },
    paths: {
      who: '$.detail.userIdentity.arn',
      secret: '$.detail.requestParameters.secretId',
      from: '$.detail.sourceIPAddress',
      at: '$.detail.eventTime',
      error: '$.detail.errorCode',
    },
    message: `Grantkeeper: <who> asked for the secret <secret> at <at> from <from>. <error> If nobody of yours did that, ${remedy}`,
    isReadOnlyCall: true,
  };
}
