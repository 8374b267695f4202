import * as pulumi from '@pulumi/pulumi';

import { postedChannelNames } from '../core/channel.ts';
import type { Person } from '../core/panel.ts';
import type { Email } from './components/email.ts';
import type { GrantkeeperConfig } from './config.ts';
import type { Place } from './place.ts';

/** One statement of an identity policy. It allows, but where it says to whom it denies. */
export type Statement = {
  readonly actions: readonly string[];
  /**
   * Patterns of partition keys of a table: of items under others nothing is allowed.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
   */
  readonly leadingKeys?: readonly string[];
  /**
   * Denied to the code of this function: what is allowed to its role is for Lambda itself, which acts before it runs.
   * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
   */
  readonly deniedToCodeOf?: pulumi.Input<string>;
  /** The service that calls in the role's name: the role's own calls are not allowed. */
  readonly calledVia?: string;
} & (
  | { readonly resources: readonly pulumi.Input<string>[] }
  /** All but these. */
  | { readonly notResources: readonly pulumi.Input<string>[] }
);

/** The only statements over `*`: AWS offers no resource to name for these actions. */
export const exceptions = {
  /** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy */
  deliverLogs: {
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
    ],
    resources: ['*'],
  },
  /**
   * What holds these back is the task token, which nobody can guess.
   * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
   */
  resume: { actions: ['states:SendTaskSuccess'], resources: ['*'] },
  /**
   * Shows whether a text message would be delivered: SNS also accepts those that would not.
   * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
   */
  seeWhoIsTexted: {
    actions: [
      'sns:GetSMSSandboxAccountStatus',
      'sns:ListOriginationNumbers',
      'sns:ListSMSSandboxPhoneNumbers',
    ],
    resources: ['*'],
  },
  /**
   * SNS calls End User Messaging in its caller's name to send text messages and to look up numbers.
   * https://docs.aws.amazon.com/sns/latest/dg/sns-sms-access-management.html
   */
  textThroughSns: {
    actions: [
      'sms-voice:DescribeAccountAttributes',
      'sms-voice:DescribePhoneNumbers',
      'sms-voice:DescribeVerifiedDestinationNumbers',
      'sms-voice:SendTextMessage',
    ],
    resources: ['*'],
    calledVia: 'sns.amazonaws.com',
  },
  /** https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html */
  useNetwork: {
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  },
} as const satisfies Record<string, Statement>;

export function policyDocument(statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: statements.map(({ actions, leadingKeys, deniedToCodeOf, calledVia, ...what }) => ({
      Effect: deniedToCodeOf === undefined ? 'Allow' : 'Deny',
      Action: actions,
      ...('resources' in what ? { Resource: what.resources } : { NotResource: what.notResources }),
      ...(leadingKeys && {
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } },
      }),
      ...(deniedToCodeOf && {
        Condition: { ArnEquals: { 'lambda:SourceFunctionArn': deniedToCodeOf } },
      }),
      ...(calledVia && { Condition: { StringEquals: { 'aws:CalledViaLast': calledVia } } }),
    })),
  });
}

/** Who may take a role on: one AWS service, and for this account only where the service says for whom it acts. */
export function trustPolicy(service: string, accountId?: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: service },
        // Against the confused deputy: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        ...(accountId === undefined
          ? {}
          : { Condition: { StringEquals: { 'aws:SourceAccount': accountId } } }),
      },
    ],
  });
}

export interface PermissionsArgs {
  readonly place: Place;
  readonly secretPrefix: string;
  readonly tableArn: pulumi.Input<string>;
  readonly stateMachineArn: pulumi.Input<string>;
  readonly operatorTopicArn: pulumi.Input<string>;
  readonly email: Email;
  readonly people: readonly Person[];
  readonly owners: readonly GrantkeeperConfig['connections'][number]['owner'][];
}

export type Permissions = ReturnType<typeof permissionsOf>;

/** The statements that the functions' policies are made of; infra/functions.ts says which function has which. */
export function permissionsOf(args: PermissionsArgs) {
  const { place, secretPrefix, tableArn, stateMachineArn, operatorTopicArn, email, owners, people } = args;
  const secrets = (path: string) => place.arn('secretsmanager', `secret:${secretPrefix}/${path}-??????`);
  const items = (leadingKeys: readonly string[], ...operations: readonly string[]): Statement => ({
    actions: operations.map((operation) => `dynamodb:${operation}`),
    resources: [tableArn],
    leadingKeys,
  });
  const permissions = {
    // Pulumi alone writes settings: a function that could change the token endpoint could have refresh tokens sent to itself.
    readConnections: items(['connection#*', 'settings#*'], 'GetItem'),
    // Both in one statement, for all keys of a batch must match the same one.
    readManyConnections: items(['connection#*', 'settings#*'], 'BatchGetItem'),
    queryConnections: items(['connection#*'], 'Query'),
    writeConnections: items(['connection#*'], 'UpdateItem', 'PutItem'),
    /** Whose a session is, and what they may; and when they were last seen. */
    readVisitors: items(['panel', 'session#*', 'person#*'], 'GetItem'),
    noteVisits: items(['session#*'], 'UpdateItem'),
    readPeople: items(['panel'], 'GetItem'),
    keepSessions: items(['session#*', 'person#*', 'sign-in#*'], 'GetItem', 'UpdateItem'),
    readClients: { actions: ['secretsmanager:GetSecretValue'], resources: [secrets('client/*')] },
    keepTokens: {
      actions: [
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      resources: [secrets('*/grant'), secrets('*/access')],
    },
    emptySecrets: {
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
      resources: [secrets('*/grant'), secrets('*/access')],
    },
    readWebhooks: { actions: ['secretsmanager:GetSecretValue'], resources: [secrets('webhook/*')] },
    sendMail: email.permissionTo(
      [...new Set(owners.map(({ email: address }) => address))].map(place.identityArn),
    ),
    sendSignInMail: email.permissionTo(people.map(({ email: address }) => place.identityArn(address))),
    // A telephone number has no ARN. What has one is a topic, and none of these is meant.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
    sendSms: { actions: ['sns:Publish'], notResources: [place.allTopics] },
    tellOperators: { actions: ['sns:Publish'], resources: [operatorTopicArn] },
    start: { actions: ['states:StartExecution'], resources: [stateMachineArn] },
    ...exceptions,
  } satisfies Record<string, Statement>;
  const useConnections = [permissions.readConnections, permissions.writeConnections];
  /** Reaches owners through the channels that at least one of them has. */
  const reachOwners: readonly Statement[] = [
    permissions.sendMail,
    permissions.tellOperators,
    permissions.start,
    ...(owners.some(({ phone }) => phone !== undefined)
      ? [permissions.sendSms, permissions.seeWhoIsTexted, permissions.textThroughSns]
      : []),
    ...(owners.some((owner) => postedChannelNames.some((name) => owner[name] !== undefined))
      ? [permissions.readWebhooks]
      : []),
  ];
  return { ...permissions, useConnections, reachOwners };
}

/** The policy that a consumer's role needs to read one access token and to ask for a refresh. */
export function consumerPolicy(
  place: Place,
  secretPrefix: string,
  connectionId: string,
  refreshRequestsArn: pulumi.Input<string>,
): pulumi.Output<string> {
  const secret = place.arn('secretsmanager', `secret:${secretPrefix}/${connectionId}/access-??????`);
  return policyDocument([
    { actions: ['secretsmanager:GetSecretValue'], resources: [secret] },
    { actions: ['states:StartExecution'], resources: [refreshRequestsArn] },
  ]);
}
