import * as pulumi from '@pulumi/pulumi';

import type { DynamoDb } from '../aws/dynamodb.ts';
import { notPlayed } from '../aws/errors.ts';
import type { Iam } from '../aws/iam.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import { accountId, administrator } from '../aws/service.ts';
import type { Ses } from '../aws/ses.ts';
import type { Sns } from '../aws/sns.ts';
import type { CloudTrail } from '../cloud-trail.ts';
import type { CloudWatch } from '../cloudwatch/cloudwatch.ts';
import type { EventBus } from '../event-bus.ts';
import type { HttpApi } from '../http/http-api.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { Scheduler } from '../scheduler.ts';
import type { StepFunctions } from '../step-functions/step-functions.ts';
import type { Registered } from './evaluate.ts';

export interface Services {
  readonly iam: Iam;
  readonly secrets: SecretsManager;
  readonly dynamoDb: DynamoDb;
  readonly ses: Ses;
  readonly sns: Sns;
  readonly cloudWatch: CloudWatch;
  readonly cloudTrail: CloudTrail;
  readonly lambda: Lambda;
  readonly stepFunctions: StepFunctions;
  readonly scheduler: Scheduler;
  readonly eventBus: EventBus;
  readonly httpApi: HttpApi;
}

/** Brings up, in the services, what the program registered; dependencies first, as the engine does. */
export async function deploy(resources: readonly Registered[], services: Services): Promise<void> {
  const known = new Set(order.flatMap(([type]) => type));
  for (const { type, name } of resources) {
    if (!known.has(type)) throw notPlayed(`the resource type ${type} (${name})`);
  }
  for (const [type, make] of order) {
    for (const resource of resources) {
      if (resource.type === type) await make(resource, services, resources);
    }
  }
}

/** Inputs and state as the program's types promise them; read loosely, checked by the services. */
// oxlint-disable-next-line typescript/no-explicit-any -- Pulumi's mocks hand over plain values
type AnyResource = { type: string; name: string; inputs: any; state: any };
type Make = (resource: AnyResource, services: Services, all: readonly AnyResource[]) => void | Promise<void>;

/** Real AWS does this for us; here there is nothing to make. */
const nothing: Make = () => undefined;

const order: readonly (readonly [string, Make])[] = [
  ['aws:cloudwatch/logGroup:LogGroup', nothing],
  ['aws:iam/role:Role', ({ state }, { iam }) => iam.addRole(state)],
  [
    'aws:iam/rolePolicy:RolePolicy',
    ({ inputs }, { iam }) =>
      iam.addRolePolicy(`arn:aws:iam::${accountId}:role/${inputs.role}`, inputs.policy),
  ],
  [
    'aws:dynamodb/table:Table',
    async ({ inputs }, { dynamoDb }) =>
      void (await dynamoDb.createTable({
        name: inputs.name,
        hashKey: inputs.hashKey,
        rangeKey: inputs.rangeKey,
      })),
  ],
  [
    'aws:dynamodb/tableItem:TableItem',
    async ({ inputs }, { dynamoDb }) =>
      void (await dynamoDb.call(
        'PutItem',
        { TableName: inputs.tableName, Item: JSON.parse(inputs.item) },
        administrator,
      )),
  ],
  [
    'aws:secretsmanager/secret:Secret',
    ({ inputs }, { secrets }) =>
      void secrets.createSecret({ name: inputs.name, description: inputs.description }),
  ],
  [
    'aws:sesv2/configurationSet:ConfigurationSet',
    ({ inputs }, { ses }) => void ses.addConfigurationSet(inputs.configurationSetName),
  ],
  [
    'aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination',
    ({ inputs }, { ses }) =>
      ses.addEventDestination(inputs.configurationSetName, inputs.eventDestination.matchingEventTypes),
  ],
  [
    'aws:sesv2/emailIdentity:EmailIdentity',
    ({ inputs }, { ses }) => void ses.addIdentity(inputs.emailIdentity),
  ],
  ['aws:sns/topic:Topic', ({ inputs }, { sns }) => void sns.createTopic(inputs.name)],
  // The inbox shows what a topic got, whoever subscribes.
  ['aws:sns/topicSubscription:TopicSubscription', nothing],
  [
    'aws:lambda/function:Function',
    async ({ inputs, state }, { lambda, iam }) => {
      if (!iam.checkAssumable(inputs.role, 'lambda.amazonaws.com')) {
        throw new Error(`Lambda may not assume the role of ${inputs.name}.`);
      }
      lambda.addFunction({
        name: inputs.name,
        arn: state.arn,
        code: await codeOf(inputs.code),
        handler: inputs.handler,
        timeoutSeconds: inputs.timeout,
        variables: inputs.environment?.variables ?? {},
        assumeRole: () => iam.credentialsFor(inputs.role, inputs.name),
      });
    },
  ],
  [
    'aws:sfn/stateMachine:StateMachine',
    ({ inputs, state }, { stepFunctions, iam }) => {
      const context = { sourceAccount: accountId, sourceArn: state.arn };
      if (!iam.checkAssumable(inputs.roleArn, 'states.amazonaws.com', context)) {
        throw new Error(`Step Functions may not assume the role of ${inputs.name}.`);
      }
      stepFunctions.createStateMachine({
        name: inputs.name,
        definition: inputs.definition,
        roleArn: inputs.roleArn,
      });
    },
  ],
  [
    'aws:cloudwatch/eventRule:EventRule',
    ({ inputs }, { eventBus }) => eventBus.addRule(inputs.name, inputs.eventPattern, inputs.state),
  ],
  ['aws:sns/topicPolicy:TopicPolicy', nothing],
  [
    'aws:cloudwatch/eventTarget:EventTarget',
    ({ inputs }, { eventBus }, all) => {
      mayPublish('events.amazonaws.com', inputs.arn, `the rule ${inputs.rule}`, all);
      eventBus.addTarget(inputs.rule, {
        topicArn: inputs.arn,
        inputPaths: inputs.inputTransformer?.inputPaths ?? {},
        inputTemplate: inputs.inputTransformer?.inputTemplate ?? '',
      });
    },
  ],
  [
    'aws:cloudwatch/metricAlarm:MetricAlarm',
    ({ inputs }, { cloudWatch }, all) => {
      for (const topicArn of inputs.alarmActions ?? []) {
        mayPublish('cloudwatch.amazonaws.com', topicArn, `the alarm ${inputs.name}`, all);
      }
      cloudWatch.addAlarm(inputs);
    },
  ],
  ['aws:cloudwatch/dashboard:Dashboard', ({ inputs }, { cloudWatch }) => cloudWatch.addDashboard(inputs)],
  // What the trail writes is not kept: the event bus hears of it.
  ['aws:s3/bucket:Bucket', nothing],
  ['aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', nothing],
  ['aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration', nothing],
  ['aws:s3/bucketVersioning:BucketVersioning', nothing],
  ['aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', nothing],
  ['aws:s3/bucketPolicy:BucketPolicy', nothing],
  ['aws:cloudtrail/trail:Trail', (_trail, { cloudTrail }) => cloudTrail.addTrail()],
  ['aws:apigatewayv2/api:Api', nothing],
  // Its throttling is not played: time stands still here, and a bucket would never fill again.
  ['aws:apigatewayv2/stage:Stage', nothing],
  ['aws:apigatewayv2/domainName:DomainName', nothing],
  ['aws:apigatewayv2/apiMapping:ApiMapping', nothing],
  ['aws:route53/record:Record', nothing],
  ['aws:lambda/permission:Permission', nothing],
  ['aws:apigatewayv2/integration:Integration', nothing],
  [
    'aws:apigatewayv2/route:Route',
    ({ inputs }, { httpApi }, all) => {
      const id = String(inputs.target).replace('integrations/', '');
      const integration = all.find(({ type, name }) => type.endsWith(':Integration') && name === id);
      const target = all.find(
        ({ state }) => state.invokeArn && state.invokeArn === integration?.inputs.integrationUri,
      );
      const permitted = all.some(
        ({ type, inputs: permission }) =>
          type.endsWith(':Permission') &&
          permission.function === target?.inputs.name &&
          permission.principal === 'apigateway.amazonaws.com',
      );
      if (!target || !permitted)
        throw new Error(`API Gateway may not invoke the function of ${inputs.routeKey}.`);
      httpApi.addRoute({ routeKey: inputs.routeKey, functionArn: target.state.arn });
    },
  ],
  ['aws:sqs/queue:Queue', nothing],
  [
    'aws:scheduler/schedule:Schedule',
    ({ inputs }, { scheduler, iam }) => {
      const { target } = inputs;
      if (!iam.checkAssumable(target.roleArn, 'scheduler.amazonaws.com', { sourceAccount: accountId })) {
        throw new Error(`EventBridge Scheduler may not assume the role of ${inputs.name}.`);
      }
      scheduler.addSchedule({
        name: inputs.name,
        scheduleExpression: inputs.scheduleExpression,
        stateMachineArn: target.arn,
        role: { principalArn: target.roleArn },
        input: target.input,
        deadLetterQueueArn: target.deadLetterConfig.arn,
        maximumRetryAttempts: target.retryPolicy.maximumRetryAttempts,
        maximumEventAgeSeconds: target.retryPolicy.maximumEventAgeInSeconds,
      });
    },
  ],
];

/** The texts of an archive with `index.mjs` in it, by their names. */
async function codeOf(archive: unknown): Promise<Readonly<Record<string, string>>> {
  if (!pulumi.asset.Archive.isInstance(archive)) throw notPlayed('function code that is not an archive');
  const assets = (await (archive as pulumi.asset.AssetArchive).assets) as Record<
    string,
    pulumi.asset.StringAsset
  >;
  if (!assets['index.mjs']) throw notPlayed('an archive without index.mjs');
  const texts = Object.entries(assets).map(async ([name, { text }]) => [name, await text] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/**
 * The topic's own policy must let the service publish: EventBridge without a condition, for it sends no context along;
 * CloudWatch for this account.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-publish-to-topic-from-cloudwatch
 */
function mayPublish(service: string, topicArn: string, who: string, all: readonly AnyResource[]): void {
  const policies = all.filter(
    ({ type, inputs }) => type === 'aws:sns/topicPolicy:TopicPolicy' && inputs.arn === topicArn,
  );
  const statements = policies.flatMap(({ inputs }) => JSON.parse(inputs.policy).Statement as AnyStatement[]);
  const condition =
    service === 'events.amazonaws.com'
      ? undefined
      : JSON.stringify({ StringEquals: { 'aws:SourceAccount': accountId } });
  const permitted = statements.some(
    ({ Effect, Action, Principal, Resource, Condition }) =>
      Effect === 'Allow' &&
      Action === 'sns:Publish' &&
      Principal.Service === service &&
      Resource === topicArn &&
      (Condition && JSON.stringify(Condition)) === condition,
  );
  if (!permitted) throw new Error(`${service} may not publish to ${topicArn} for ${who}.`);
}

interface AnyStatement {
  readonly Effect: string;
  readonly Action: string;
  readonly Principal: { readonly Service?: string };
  readonly Resource: string;
  readonly Condition?: unknown;
}
