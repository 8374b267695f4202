/** The checks that AWS makes between resources, when they are made or used. */
import * as z from 'zod';

import { notSupported } from '../aws/errors.ts';
import type { Iam } from '../aws/iam/iam.ts';
import { accountId } from '../aws/service.ts';
import type { Resource, Resources, ResourceType } from '../aws/resources/resources.ts';

/**
 * Finds the resource of a type with these properties, among its inputs and the properties that AWS adds.
 * @throws {Error} naming the resource that needs it
 */
export function mustHave<T extends ResourceType>(
  all: Resources,
  type: T,
  properties: Readonly<Record<string, string | undefined>>,
  who: { readonly type: string; readonly name: string },
): Resource<T> {
  const wanted = Object.entries(properties);
  const found = all.ofType(type).find(({ id, inputs, state }) => {
    const known: Readonly<Record<string, unknown>> = { ...state, ...inputs, id };
    return wanted.every(([key, value]) => known[key] === value);
  });
  if (found) return found;
  const which = wanted.map(([key, value]) => `${key} ${value}`).join(', ');
  throw new Error(
    `${who.type} (${who.name}) needs the ${type.split(':').at(-1)} with ${which}: there is none.`,
  );
}

export function functionOf(
  integration: Resource<'aws:apigatewayv2/integration:Integration'>,
  all: Resources,
): Resource<'aws:lambda/function:Function'> {
  const { integrationUri: invokeArn } = integration.inputs;
  return mustHave(all, 'aws:lambda/function:Function', { invokeArn }, integration);
}

/**
 * The function's own policy must allow the API to call it; otherwise API Gateway answers 500.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function mayInvoke(
  routeKey: string,
  lambda: Resource<'aws:lambda/function:Function'>,
  all: Resources,
): void {
  const executionArn = String(all.ofType('aws:apigatewayv2/api:Api')[0]?.state.executionArn);
  const permissions = all
    .ofType('aws:lambda/permission:Permission')
    .map(({ inputs }) => inputs)
    .filter(
      ({ function: name, action, principal, sourceArn }) =>
        name === lambda.inputs.name &&
        action === 'lambda:InvokeFunction' &&
        principal === 'apigateway.amazonaws.com' &&
        sourceArn.startsWith(`${executionArn}/`),
    );
  const narrow = permissions.find(({ sourceArn }) => sourceArn !== `${executionArn}/*/*`);
  if (narrow) throw notSupported(`a permission for ${narrow.sourceArn} alone`);
  if (permissions.length === 0) throw new Error(`API Gateway may not invoke the function of ${routeKey}.`);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
const ResourcePolicy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Effect: z.enum(['Allow', 'Deny']),
      Principal: z.union([z.literal('*'), z.strictObject({ Service: z.string() })]),
      Action: z.string(),
      Resource: z.union([z.string(), z.array(z.string())]),
      Condition: z.record(z.string(), z.record(z.string(), z.string())).optional(),
    }),
  ),
});
type PolicyStatement = z.output<typeof ResourcePolicy>['Statement'][number];

/**
 * The topic's own policy must allow the service to publish. EventBridge sends no context, so its statement may have no
 * condition; CloudWatch sends the account.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-publish-to-topic-from-cloudwatch
 */
export function mayPublish(service: string, topicArn: string, who: string, all: Resources): void {
  const statements = all
    .ofType('aws:sns/topicPolicy:TopicPolicy')
    .filter(({ inputs }) => inputs.arn === topicArn)
    .flatMap(({ name, inputs }) => statementsOf(inputs.policy, name));
  const context: Readonly<Record<string, string>> =
    service === 'events.amazonaws.com' ? {} : { 'aws:SourceAccount': accountId };
  if (statements.some(({ Effect }) => Effect === 'Deny'))
    throw notSupported(`a Deny in the policy of ${topicArn}`);
  if (!statements.some((statement) => allows(statement, service, 'sns:Publish', topicArn, context))) {
    throw new Error(`${service} may not publish to ${topicArn} for ${who}.`);
  }
}

/**
 * When a machine is made, Step Functions checks that its role may have logs delivered.
 * @throws {AwsError} `AccessDeniedException`, naming the action
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
 */
export function mayDeliverLogs(roleArn: string, { authorize }: Iam): void {
  const actions = ['Create', 'Get', 'Update', 'Delete'].map((verb) => `${verb}LogDelivery`);
  const others = ['ListLogDeliveries', 'PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'];
  for (const action of [...actions, ...others]) authorize({ principalArn: roleArn }, `logs:${action}`, '*');
}

/**
 * When a trail is made, CloudTrail checks that it may write to the bucket.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
 */
export function mayWriteTrail(
  { inputs: { s3BucketName: bucket }, state }: Resource<'aws:cloudtrail/trail:Trail'>,
  all: Resources,
): void {
  const statements = all
    .ofType('aws:s3/bucketPolicy:BucketPolicy')
    .filter(({ inputs }) => inputs.bucket === bucket)
    .flatMap(({ name, inputs }) => statementsOf(inputs.policy, name));
  const context = { 'aws:SourceArn': String(state.arn), 's3:x-amz-acl': 'bucket-owner-full-control' };
  const needs = [
    ['s3:GetBucketAcl', `arn:aws:s3:::${bucket}`],
    ['s3:PutObject', `arn:aws:s3:::${bucket}/AWSLogs/${accountId}/*`],
  ] as const;
  for (const [action, resource] of needs) {
    if (!statements.some((each) => allows(each, 'cloudtrail.amazonaws.com', action, resource, context))) {
      throw new Error(`CloudTrail may not ${action} on ${bucket}.`);
    }
  }
}

/** True if a statement allows exactly this action. It supports no wildcards, because the program has none here. */
function allows(
  { Effect, Principal, Action, Resource: resource, Condition = {} }: PolicyStatement,
  service: string,
  action: string,
  resourceArn: string,
  context: Readonly<Record<string, string>>,
): boolean {
  return (
    Effect === 'Allow' &&
    Principal !== '*' &&
    Principal.Service === service &&
    Action === action &&
    resource === resourceArn &&
    Object.entries(Condition).every(
      ([operator, expected]) =>
        operator === 'StringEquals' &&
        Object.entries(expected).every(([key, value]) => context[key] === value),
    )
  );
}

function statementsOf(policy: string, name: string): PolicyStatement[] {
  const parsed = ResourcePolicy.safeParse(JSON.parse(policy));
  if (!parsed.success) throw notSupported(`the policy ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.Statement;
}
