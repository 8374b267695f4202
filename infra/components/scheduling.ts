import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { Queue } from '@pulumi/aws/sqs/index.js';
import * as pulumi from '@pulumi/pulumi';

import { policyDocument, trustPolicy } from '../permissions.ts';

export interface SchedulingArgs {
  readonly prefix: string;
  readonly accountId: pulumi.Input<string>;
  readonly stateMachineArn: pulumi.Output<string>;
}

/** What all schedules share: the role that starts executions, and the queue for starts that never succeeded. */
export class Scheduling extends pulumi.ComponentResource {
  readonly roleArn: pulumi.Output<string>;
  readonly deadLetterQueueArn: pulumi.Output<string>;
  readonly deadLetterQueueName: pulumi.Output<string>;

  constructor(name: string, args: SchedulingArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Scheduling', name, {}, opts);
    const parent = { parent: this };
    const queue = new Queue(
      `${name}-dead-letters`,
      {
        name: `${args.prefix}-dead-letters`,
        messageRetentionSeconds: 14 * 24 * 3600,
        sqsManagedSseEnabled: true,
      },
      parent,
    );
    const role = new Role(
      `${name}-role`,
      {
        name: `${args.prefix}-scheduler`,
        assumeRolePolicy: trustPolicy('scheduler.amazonaws.com', args.accountId),
      },
      parent,
    );
    const policy = new RolePolicy(
      `${name}-policy`,
      {
        role: role.name,
        policy: policyDocument([
          { actions: ['states:StartExecution'], resources: [args.stateMachineArn] },
          { actions: ['sqs:SendMessage'], resources: [queue.arn] },
        ]),
      },
      parent,
    );
    // Schedules wait for the policy by way of the role's ARN.
    this.roleArn = pulumi.all([role.arn, policy.id]).apply(([arn]) => arn);
    this.deadLetterQueueArn = queue.arn;
    this.deadLetterQueueName = queue.name;
    this.registerOutputs({});
  }
}
