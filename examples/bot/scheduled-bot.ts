import { getCallerIdentityOutput } from '@pulumi/aws/index.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { Function as LambdaFunction } from '@pulumi/aws/lambda/index.js';
import { Schedule } from '@pulumi/aws/scheduler/index.js';
import * as pulumi from '@pulumi/pulumi';
import { build, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';

import type { ConsumerArgs } from '../../infra/consumer.ts';
import { grantAccessToken } from '../../infra/consumer.ts';
import { policyDocument, trustPolicy } from '../../infra/permissions.ts';

export interface ScheduledBotArgs extends Pick<ConsumerArgs, 'connectionId' | 'consumerPolicies'> {
  /** The API that the bot calls with its token. */
  readonly apiUrl: pulumi.Input<string>;
  /** An expression of EventBridge Scheduler, such as `rate(1 hour)` or `cron(…)`. */
  readonly scheduleExpression: string;
}

/** A scheduled Lambda function that uses the access token of a connection. */
export class ScheduledBot extends pulumi.ComponentResource {
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: ScheduledBotArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:examples:ScheduledBot', name, {}, opts);
    const parent = { parent: this };
    const physicalName = `grantkeeper-${pulumi.getStack()}-${name}`;
    const { connectionId, consumerPolicies } = args;
    const { accountId } = getCallerIdentityOutput();

    const logs = new LogGroup(
      `${name}-logs`,
      { name: `/aws/lambda/${physicalName}`, retentionInDays: 30 },
      parent,
    );
    const role = new Role(
      `${name}-role`,
      { name: physicalName, assumeRolePolicy: trustPolicy('lambda.amazonaws.com') },
      parent,
    );
    const mayLog = new RolePolicy(
      `${name}-logging`,
      {
        role: role.name,
        policy: policyDocument([
          {
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [pulumi.interpolate`${logs.arn}:*`],
          },
        ]),
      },
      parent,
    );
    const mayUseToken = grantAccessToken(
      `${name}-token`,
      { role: role.name, connectionId, consumerPolicies },
      parent,
    );
    const bot = new LambdaFunction(
      `${name}-function`,
      {
        name: physicalName,
        description: `Uses the access token of ${connectionId}.`,
        runtime: 'nodejs24.x',
        architectures: ['arm64'],
        handler: 'index.handler',
        code: bundle(),
        role: role.arn,
        memorySize: 256,
        timeout: 60,
        environment: {
          variables: {
            GRANTKEEPER_STACK: pulumi.getStack(),
            CONNECTION_ID: connectionId,
            API_URL: args.apiUrl,
          },
        },
        loggingConfig: { logFormat: 'JSON', logGroup: logs.name },
      },
      { ...parent, dependsOn: [mayLog, mayUseToken, logs] },
    );

    const caller = new Role(
      `${name}-schedule-role`,
      {
        name: `${physicalName}-schedule`,
        assumeRolePolicy: trustPolicy('scheduler.amazonaws.com', accountId),
      },
      parent,
    );
    const mayCall = new RolePolicy(
      `${name}-schedule-policy`,
      {
        role: caller.name,
        policy: policyDocument([{ actions: ['lambda:InvokeFunction'], resources: [bot.arn] }]),
      },
      parent,
    );
    new Schedule(
      `${name}-schedule`,
      {
        name: physicalName,
        scheduleExpression: args.scheduleExpression,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: bot.arn,
          roleArn: caller.arn,
          input: '{}',
          retryPolicy: { maximumEventAgeInSeconds: 300, maximumRetryAttempts: 3 },
        },
      },
      { ...parent, dependsOn: [mayCall] },
    );
    this.functionName = bot.name;
    this.registerOutputs({ functionName: this.functionName });
  }
}

/** Bundles the handler with all its imports, including the AWS SDK. */
async function bundle(): Promise<pulumi.asset.AssetArchive> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('handler.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    mainFields: ['module', 'main'],
    // CommonJS modules in the bundle need `require`, which ES modules do not have.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  // esbuild's process would keep this one running.
  await stop();
  return new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.StringAsset(outputFiles[0]!.text) });
}
