import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import type { FunctionArgs } from '@pulumi/aws/lambda/index.js';
import { Function as AwsFunction } from '@pulumi/aws/lambda/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { Bundle, FunctionName } from '../bundle.ts';
import { bundleOf } from '../bundle.ts';
import type { EnvironmentOf } from '../environment.ts';
import type { Statement } from '../permissions.ts';
import { policyDocument, trustPolicy } from '../permissions.ts';

export interface LambdaFunctionArgs<Name extends FunctionName> {
  readonly functionName: Name;
  /** What all names of the stack begin with. */
  readonly prefix: string;
  readonly description: string;
  /** Seconds; longer than its token request, shorter than the state or gateway that waits for it. */
  readonly timeoutSeconds: number;
  readonly environment: EnvironmentOf<Name>;
  readonly permissions: readonly Statement[];
  readonly logRetentionDays: number;
  /** What it is for, where there are several of that code: the end of its name. */
  readonly suffix?: string;
  /** Where it needs another one than the others. */
  readonly machine?: Machine;
}

type Machine = Pick<
  FunctionArgs,
  | 'architectures'
  | 'memorySize'
  | 'ephemeralStorage'
  | 'layers'
  | 'vpcConfig'
  | 'replaceSecurityGroupsOnDestroy'
>;

const small: Machine = { architectures: ['arm64'], memorySize: 512 };

/** One Lambda function with a role of its own and a log group that was there before it. */
export class LambdaFunction<Name extends FunctionName = FunctionName> extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly invokeArn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: LambdaFunctionArgs<Name>, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:LambdaFunction', name, {}, opts);
    const parent = { parent: this };
    const { prefix, functionName, suffix, machine = small } = args;
    const physicalName = [prefix, functionName, ...(suffix === undefined ? [] : [suffix])].join('-');
    const logs = new LogGroup(
      `${name}-logs`,
      { name: `/aws/lambda/${physicalName}`, retentionInDays: args.logRetentionDays },
      parent,
    );
    const role = new Role(
      `${name}-role`,
      { name: physicalName, assumeRolePolicy: trustPolicy('lambda.amazonaws.com') },
      parent,
    );
    const policy = new RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyDocument([writeTo(logs), ...args.permissions]) },
      parent,
    );
    const lambda = new AwsFunction(
      `${name}-function`,
      {
        name: physicalName,
        description: args.description,
        runtime: 'nodejs24.x',
        ...machine,
        handler: 'index.handler',
        code: archive(bundleOf(functionName)),
        role: role.arn,
        timeout: args.timeoutSeconds,
        environment: { variables: { POWERTOOLS_SERVICE_NAME: prefix, ...args.environment } },
        loggingConfig: { logFormat: 'JSON', logGroup: logs.name },
      },
      // AWS checks the role's permissions when the function is made.
      { ...parent, dependsOn: [policy, logs] },
    );
    this.arn = lambda.arn;
    this.invokeArn = lambda.invokeArn;
    this.name = lambda.name;
    this.roleArn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

function archive({ files }: Bundle): pulumi.asset.AssetArchive {
  const assets = Object.entries(files).map(([name, text]) => [name, new pulumi.asset.StringAsset(text)]);
  return new pulumi.asset.AssetArchive(Object.fromEntries(assets) as pulumi.asset.AssetMap);
}

function writeTo(logs: LogGroup): Statement {
  return {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [pulumi.interpolate`${logs.arn}:*`],
  };
}
