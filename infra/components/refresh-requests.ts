import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { StateMachine } from '@pulumi/aws/sfn/index.js';
import * as pulumi from '@pulumi/pulumi';

import { definitionOf } from '../definition.ts';
import { exceptions, policyDocument, trustPolicy } from '../permissions.ts';

export interface RefreshRequestsArgs {
  readonly prefix: string;
  readonly accountId: pulumi.Input<string>;
  readonly partition: pulumi.Input<string>;
  readonly connectionIds: readonly string[];
  readonly logRetentionDays: number;
  /** ARN of `keep-grant`. */
  readonly stateMachineArn: pulumi.Output<string>;
}

/**
 * What consumers ask for refreshes by: a state machine for each connection, which starts `keep-grant` with that and nothing
 * else. Whoever may start `keep-grant` itself may ask it for anything, the end of a grant included.
 */
export class RefreshRequests extends pulumi.ComponentResource {
  /** ARNs, by connection. */
  readonly stateMachineArns: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: RefreshRequestsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:RefreshRequests', name, {}, opts);
    const parent = { parent: this };
    const { prefix, accountId, stateMachineArn } = args;
    const logs = new LogGroup(
      `${name}-logs`,
      { name: `/aws/vendedlogs/states/${prefix}-${name}`, retentionInDays: args.logRetentionDays },
      parent,
    );
    const role = new Role(
      `${name}-role`,
      { name: `${prefix}-${name}`, assumeRolePolicy: trustPolicy('states.amazonaws.com', accountId) },
      parent,
    );
    const policy = new RolePolicy(
      `${name}-policy`,
      {
        role: role.name,
        policy: policyDocument([
          { actions: ['states:StartExecution'], resources: [stateMachineArn] },
          exceptions.deliverLogs,
        ]),
      },
      parent,
    );
    const machineOf = (connectionId: string) =>
      new StateMachine(
        `${name}-${connectionId}`,
        {
          name: `${prefix}-refresh-${connectionId}`,
          type: 'STANDARD',
          definition: definitionOf('ask-refresh', args.partition, {
            ConnectionId: connectionId,
            StateMachineArn: stateMachineArn,
          }),
          roleArn: role.arn,
          loggingConfiguration: {
            level: 'ALL',
            includeExecutionData: false,
            logDestination: pulumi.interpolate`${logs.arn}:*`,
          },
        },
        { ...parent, dependsOn: [policy] },
      );
    this.stateMachineArns = Object.fromEntries(
      args.connectionIds.map((connectionId) => [connectionId, machineOf(connectionId).arn]),
    );
    this.registerOutputs({ stateMachineArns: this.stateMachineArns });
  }
}
