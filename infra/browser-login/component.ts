import { LayerVersion } from '@pulumi/aws/lambda/index.js';
import type { Bucket } from '@pulumi/aws/s3/index.js';
import { BucketObjectv2, BucketPolicy } from '@pulumi/aws/s3/index.js';
import { Secret } from '@pulumi/aws/secretsmanager/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { BrowserLoginSettings } from '../../core/browser-login.ts';
import type { Recipe } from '../../core/recipe.ts';
import { browserArchitecture, chromiumFolder, layerArchive, layerVersion } from './layer.ts';
import { bucketNameOf, privateBucket, tlsOnly } from '../private-bucket.ts';
import type { Statement } from '../permissions.ts';
import { exceptions } from '../permissions.ts';
import type { VpcConfig } from './network.ts';
import { LambdaFunction } from '../components/function.ts';
import { StoredSettings } from '../components/stored-settings.ts';

/** Pictures of what went wrong are kept that long. */
const screenshotDays = 14;

/** What all browsers of a stack share: Chromium, and where their pictures are kept. */
export class BrowserRuntime extends pulumi.ComponentResource {
  readonly layerArn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly prefix: string; readonly accountId: pulumi.Input<string> },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('grantkeeper:index:BrowserRuntime', name, {}, opts);
    const parent = { parent: this };
    const { bucket, configured } = privateBucket(
      name,
      {
        bucketName: pulumi
          .output(args.accountId)
          .apply((accountId) => bucketNameOf(args.prefix, 'browser', accountId)),
        // Nothing in it is worth keeping when nobody opts in any more.
        forceDestroy: true,
        rules: [
          {
            id: 'screenshots',
            status: 'Enabled',
            filter: { prefix: 'screenshots/' },
            expiration: { days: screenshotDays },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
        ],
      },
      parent,
    );
    new BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.bucket, policy: policyOf(bucket) },
      { ...parent, dependsOn: [configured] },
    );
    const version = layerVersion();
    const archive = new BucketObjectv2(
      `${name}-archive`,
      { bucket: bucket.bucket, key: `layer/${version}.zip`, source: layerArchive() },
      parent,
    );
    const layer = new LayerVersion(
      `${name}-layer`,
      {
        layerName: `${args.prefix}-chromium`,
        description: version,
        s3Bucket: archive.bucket,
        s3Key: archive.key,
        compatibleArchitectures: [browserArchitecture],
        compatibleRuntimes: ['nodejs24.x'],
      },
      parent,
    );
    this.layerArn = layer.arn;
    this.bucketName = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.registerOutputs({ layerArn: this.layerArn });
  }
}

function policyOf(bucket: Bucket): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: '2012-10-17', Statement: [tlsOnly(bucket)] });
}

export interface BrowserLoginArgs {
  readonly prefix: string;
  /** What the names of the credentials' secrets begin with; no slash at the end. */
  readonly browserSecretPrefix: string;
  readonly connectionId: string;
  /** Of that connection's secret, with AWS's six characters left open. */
  readonly secretArn: pulumi.Input<string>;
  readonly recipe: Recipe;
  readonly credentialsMaxAgeDays: number;
  readonly browserRuntime: BrowserRuntime;
  /** Where it runs; outside of any VPC where it is left out. */
  readonly vpcConfig: VpcConfig | undefined;
  /** Its own, known before it is made. */
  readonly functionArn: pulumi.Input<string>;
  readonly tableName: pulumi.Input<string>;
  readonly logRetentionDays: number;
}

/** Longer than all that browsers may take (80 s), a last look (2 s), a picture (9 s) and the end (3 s). */
const timeoutSeconds = 100;

/** A function with a browser for one connection alone: its role reads that one's password, and nothing else. */
export class BrowserLogin extends pulumi.ComponentResource {
  readonly functionArn: pulumi.Output<string>;

  constructor(name: string, args: BrowserLoginArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:BrowserLogin', name, {}, opts);
    const parent = { parent: this };
    const { connectionId, browserRuntime, vpcConfig, prefix } = args;
    // Unlike a grant, a password is gone at once when its connection opts out.
    const secret = new Secret(
      `${name}-credentials`,
      {
        name: `${args.browserSecretPrefix}/${connectionId}`,
        description: `{"username", "password", "totp_seed"} that a browser logs in with for ${connectionId}. Put there by grantkeeper browser-login connect.`,
        recoveryWindowInDays: 0,
      },
      parent,
    );
    const lambda = new LambdaFunction(
      name,
      {
        functionName: 'browser-login',
        suffix: connectionId,
        prefix,
        description: `Plays the browser of the owner of ${connectionId}.`,
        timeoutSeconds,
        environment: {
          BROWSER_CREDENTIALS_SECRET: secret.name,
          CHROMIUM_FOLDER: chromiumFolder,
        },
        permissions: [
          { actions: ['secretsmanager:GetSecretValue'], resources: [args.secretArn] },
          ...(vpcConfig ? networkOf(args) : []),
        ],
        logRetentionDays: args.logRetentionDays,
        machine: {
          architectures: [browserArchitecture],
          memorySize: 2048,
          // Chromium unpacked is some 220 MB.
          ephemeralStorage: { size: 1024 },
          layers: [browserRuntime.layerArn],
          // Its network's interfaces outlive a function: without it they keep the security group from being deleted.
          ...(vpcConfig && { vpcConfig, replaceSecurityGroupsOnDestroy: true }),
        },
      },
      parent,
    );
    new StoredSettings<BrowserLoginSettings>(
      name,
      {
        tableName: args.tableName,
        pk: `settings#${connectionId}`,
        sk: 'browser-login-settings',
        settings: {
          functionName: lambda.name,
          secretName: secret.name,
          recipe: args.recipe,
          credentialsMaxAgeDays: args.credentialsMaxAgeDays,
        },
      },
      parent,
    );
    this.functionArn = lambda.arn;
    this.registerOutputs({ functionArn: this.functionArn });
  }
}

/** What Lambda needs of the role to bring the function into a VPC; its code, which has a browser, may do none of it. */
function networkOf({ functionArn }: BrowserLoginArgs): Statement[] {
  return [exceptions.useNetwork, { ...exceptions.useNetwork, deniedToCodeOf: functionArn }];
}
