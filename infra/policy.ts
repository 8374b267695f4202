import * as pulumi from '@pulumi/pulumi';

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
