/** Functions, the state machine and what starts it. */
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';

import { VpcConfig } from './network.ts';
import { arn, json, named, notSupportedValue, only, RoleArn, text, whole, withoutEffect } from './parts.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
const reservedVariables = new Set([
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution
const maxEnvironmentBytes = 4096;

/** AWS accepts these, but lambda/lambda.ts sets them here. */
const ownVariables = new Set(['AWS_ENDPOINT_URL', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'TZ']);

const Variables = z
  .record(z.string(), z.string())
  .check(({ value: variables, issues }) => {
    for (const [name, input] of Object.entries(variables)) {
      const message = problemOf(name);
      if (message !== undefined) issues.push({ code: 'custom', input, path: [name], message });
    }
  })
  .refine(
    (variables) => Buffer.byteLength(JSON.stringify(variables)) <= maxEnvironmentBytes,
    `may have ${maxEnvironmentBytes} bytes in all`,
  );

// https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
function problemOf(variable: string): string | undefined {
  if (reservedVariables.has(variable)) return 'the name is reserved by Lambda';
  if (ownVariables.has(variable)) return notSupportedValue;
  return /^[A-Za-z]\w+$/.test(variable) ? undefined : 'is not a name that Lambda takes';
}

const Archive = z.custom<pulumi.asset.Archive>(
  (value) => pulumi.asset.Archive.isInstance(value),
  'must be an archive',
);

export const computeSchemas = {
  // https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
  'aws:lambda/function:Function': z.strictObject({
    name: named(/^[A-Za-z0-9_-]{1,64}$/),
    description: withoutEffect(text(0, 256)),
    runtime: only('nodejs24.x'),
    // The bundles have no native code, and a layer's runs on this machine as it is.
    architectures: withoutEffect(z.array(z.enum(['arm64', 'x86_64'])).length(1)),
    handler: only('index.handler'),
    code: Archive,
    role: RoleArn,
    memorySize: withoutEffect(whole(128, 10_240)),
    // https://docs.aws.amazon.com/lambda/latest/api/API_EphemeralStorage.html
    ephemeralStorage: withoutEffect(z.strictObject({ size: whole(512, 10_240) })),
    layers: z.array(arn('lambda')).max(5).optional(),
    vpcConfig: VpcConfig.optional(),
    replaceSecurityGroupsOnDestroy: withoutEffect(z.boolean()),
    timeout: whole(1, 900),
    environment: z.strictObject({ variables: Variables }).optional(),
    // https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
    loggingConfig: z.strictObject({ logFormat: only('JSON'), logGroup: z.string() }),
  }),

  // https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
  'aws:lambda/layerVersion:LayerVersion': z.strictObject({
    layerName: named(/^[A-Za-z0-9_-]{1,140}$/),
    description: withoutEffect(text(0, 256)),
    s3Bucket: z.string(),
    s3Key: text(1, 1024),
    compatibleArchitectures: withoutEffect(z.array(z.enum(['arm64', 'x86_64'])).max(2)),
    compatibleRuntimes: withoutEffect(z.array(z.literal('nodejs24.x')).max(15)),
  }),
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
  'aws:s3/bucketObjectv2:BucketObjectv2': z.strictObject({
    bucket: z.string(),
    key: text(1, 1024),
    source: Archive,
  }),

  // https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
  'aws:lambda/permission:Permission': z.strictObject({
    action: z.string(),
    function: z.string(),
    principal: z.string(),
    // Without it any account's API could call.
    sourceArn: z.string(),
  }),

  // https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
  'aws:sfn/stateMachine:StateMachine': z.strictObject({
    name: text(1, 80),
    type: only('STANDARD').optional(),
    definition: json,
    roleArn: RoleArn,
    // https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html
    loggingConfiguration: z
      .strictObject({
        level: z.enum(['ALL', 'ERROR', 'FATAL', 'OFF']),
        includeExecutionData: withoutEffect(z.boolean()),
        logDestination: arn('logs').endsWith(':*', 'must end in ":*"').max(256),
      })
      .optional(),
  }),

  // https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
  'aws:scheduler/schedule:Schedule': z.strictObject({
    name: named(/^[0-9A-Za-z_.-]{1,64}$/),
    description: withoutEffect(text(0, 512)).optional(),
    scheduleExpression: text(1, 256),
    flexibleTimeWindow: z.strictObject({ mode: only('OFF') }),
    // https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
    target: z.strictObject({
      arn: text(1, 1600),
      roleArn: RoleArn,
      input: z.string().min(1),
      // https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
      retryPolicy: z.strictObject({
        maximumEventAgeInSeconds: whole(60, 86_400),
        maximumRetryAttempts: whole(0, 185),
      }),
      deadLetterConfig: z.strictObject({ arn: arn('sqs') }).optional(),
    }),
  }),

  // The scheduler keeps undelivered messages here, and counts them as the queue's.
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
  'aws:sqs/queue:Queue': z.strictObject({
    name: named(/^[A-Za-z0-9_-]{1,80}$/),
    messageRetentionSeconds: withoutEffect(whole(60, 1_209_600)),
    sqsManagedSseEnabled: withoutEffect(z.boolean()),
  }),
} as const;
