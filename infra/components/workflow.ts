import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import { StateMachine } from '@pulumi/aws/sfn/index.js';
import * as pulumi from '@pulumi/pulumi';

import { remedies } from '../../core/errors.ts';
import { definitionOf } from '../definition.ts';
import type { Statement } from '../permissions.ts';
import { exceptions, policyDocument, trustPolicy } from '../permissions.ts';

export interface WorkflowArgs {
  /** Name of the state machine; its ARN is known to its functions before it is made. */
  readonly stateMachineName: string;
  readonly accountId: pulumi.Input<string>;
  readonly partition: pulumi.Input<string>;
  /** Where an execution is shown: its ARN is added at the end. */
  readonly executionUrl: pulumi.Input<string>;
  /** ARNs for the placeholders `${…FunctionArn}`. */
  readonly functionArns: Readonly<
    Record<
      'CheckGrant' | 'RefreshTokens' | 'NotifyOwner' | 'RequestReauthorization' | 'DisconnectGrant',
      pulumi.Output<string>
    >
  >;
  readonly table: { readonly tableName: pulumi.Output<string>; readonly tableArn: pulumi.Output<string> };
  readonly operatorTopicArn: pulumi.Output<string>;
  readonly logRetentionDays: number;
  /** Where a browser logs in for some connections. */
  readonly browserLogin?:
    { readonly functionArn: pulumi.Output<string>; readonly connectionIds: readonly string[] } | undefined;
}

/** The state machine `keep-grant`, its role and its log (without execution data: that holds task tokens). */
export class Workflow extends pulumi.ComponentResource {
  /** ARN that callers pass to `StartExecution`. */
  readonly stateMachineArn: pulumi.Output<string>;

  constructor(name: string, args: WorkflowArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Workflow', name, {}, opts);
    const parent = { parent: this };
    // Names under /aws/vendedlogs/ share one entry of the log groups' resource policy, whose length is limited:
    // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
    const logs = new LogGroup(
      `${name}-logs`,
      {
        name: `/aws/vendedlogs/states/${args.stateMachineName}`,
        retentionInDays: args.logRetentionDays,
      },
      parent,
    );
    const role = new Role(
      `${name}-role`,
      {
        name: `${args.stateMachineName}-workflow`,
        assumeRolePolicy: trustPolicy('states.amazonaws.com', args.accountId),
      },
      parent,
    );
    const policy = new RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyDocument(permissions(args)) },
      parent,
    );
    const machine = new StateMachine(
      `${name}-machine`,
      {
        name: args.stateMachineName,
        type: 'STANDARD',
        definition: definition(args),
        roleArn: role.arn,
        loggingConfiguration: {
          level: 'ALL',
          includeExecutionData: false,
          logDestination: pulumi.interpolate`${logs.arn}:*`,
        },
      },
      { ...parent, dependsOn: [policy] },
    );
    this.stateMachineArn = machine.arn;
    this.registerOutputs({ stateMachineArn: this.stateMachineArn });
  }
}

function definition({
  functionArns,
  table,
  operatorTopicArn,
  executionUrl,
  browserLogin,
  partition,
}: WorkflowArgs): pulumi.Output<string> {
  const values = {
    CheckGrantFunctionArn: functionArns.CheckGrant,
    RefreshTokensFunctionArn: functionArns.RefreshTokens,
    NotifyOwnerFunctionArn: functionArns.NotifyOwner,
    RequestReauthorizationFunctionArn: functionArns.RequestReauthorization,
    DisconnectGrantFunctionArn: functionArns.DisconnectGrant,
    TableName: table.tableName,
    OperatorTopicArn: operatorTopicArn,
    ExecutionUrl: executionUrl,
    Remedies: remedies,
  };
  if (browserLogin === undefined) return definitionOf('keep-grant', partition, values);
  // As JSONata writes a list: it stands within a condition.
  const connections = `[${browserLogin.connectionIds.map((id) => `'${id}'`).join(', ')}]`;
  const more = {
    RequestBrowserLoginFunctionArn: browserLogin.functionArn,
    BrowserLoginConnections: connections,
  };
  return definitionOf('keep-grant', partition, { ...values, ...more }, 'browser-login');
}

function permissions({ functionArns, browserLogin, table, operatorTopicArn }: WorkflowArgs): Statement[] {
  const invoked = [...Object.values(functionArns), ...(browserLogin ? [browserLogin.functionArn] : [])];
  return [
    { actions: ['lambda:InvokeFunction'], resources: invoked },
    { actions: ['dynamodb:PutItem'], resources: [table.tableArn], leadingKeys: ['connection#*'] },
    { actions: ['sns:Publish'], resources: [operatorTopicArn] },
    exceptions.deliverLogs,
  ];
}
