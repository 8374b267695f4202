import type * as pulumi from '@pulumi/pulumi';

import type { DynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { notSupported } from '../aws/errors.ts';
import type { Iam } from '../aws/iam/iam.ts';
import type { S3 } from '../aws/s3.ts';
import type { SecretsManager } from '../aws/secrets-manager/secrets-manager.ts';
import { accountId, administrator } from '../aws/service.ts';
import type { Ses } from '../aws/ses.ts';
import type { Sns } from '../aws/sns.ts';
import type { CloudTrail } from '../aws/cloud-trail.ts';
import type { CloudWatch } from '../aws/cloudwatch/cloudwatch.ts';
import type { EventBus } from '../aws/events/event-bus.ts';
import type { HttpApi } from '../aws/http-api.ts';
import type { Lambda } from '../aws/lambda/lambda.ts';
import type { Scheduler } from '../aws/scheduler.ts';
import type { StepFunctions } from '../aws/step-functions/step-functions.ts';
import type { Registered, Resource, ResourceType } from '../aws/resources/resources.ts';
import { Resources } from '../aws/resources/resources.ts';
import { functionOf, mayDeliverLogs, mayInvoke, mayPublish, mayWriteTrail, mustHave } from './links.ts';

export interface Services {
  readonly iam: Iam;
  readonly secrets: SecretsManager;
  readonly dynamoDb: DynamoDb;
  readonly ses: Ses;
  readonly sns: Sns;
  readonly s3: S3;
  readonly cloudWatch: CloudWatch;
  readonly cloudTrail: CloudTrail;
  readonly lambda: Lambda;
  readonly stepFunctions: StepFunctions;
  readonly scheduler: Scheduler;
  readonly eventBus: EventBus;
  readonly httpApi: HttpApi;
}

/**
 * Makes the registered resources in the services, dependencies first.
 * @throws {Error} for a type, a property or a value that is not supported, or that AWS refuses; before it makes anything
 */
export async function deploy(registered: readonly Registered[], services: Services): Promise<void> {
  const resources = new Resources(registered);
  for (const type of Object.keys(makers) as ResourceType[]) {
    // The types of both tables pair makers and resources, but `type` is any name.
    const make = makers[type] as Make<ResourceType>;
    for (const resource of resources.ofType(type)) await make(resource, services, resources);
  }
}

type Make<T extends ResourceType> = (resource: Resource<T>, services: Services, all: Resources) => unknown;

/** For resources without effect here. */
const nothing = () => undefined;

/** In the order in which resources are made. */
const makers: { readonly [T in ResourceType]: Make<T> } = {
  'aws:cloudwatch/logGroup:LogGroup': nothing,
  'aws:iam/role:Role': ({ inputs, state }, { iam }) => iam.addRole({ ...inputs, arn: String(state.arn) }),
  'aws:iam/rolePolicy:RolePolicy': ({ inputs }, { iam }) =>
    iam.addRolePolicy(`arn:aws:iam::${accountId}:role/${inputs.role}`, inputs.policy),
  'aws:dynamodb/table:Table': ({ inputs: { name, hashKey, rangeKey } }, { dynamoDb }) =>
    dynamoDb.createTable({ name, hashKey, rangeKey }),
  'aws:dynamodb/tableItem:TableItem': (item, { dynamoDb }, all) => {
    const { tableName, hashKey, rangeKey, item: Item } = item.inputs;
    mustHave(all, 'aws:dynamodb/table:Table', { name: tableName, hashKey, rangeKey }, item);
    return dynamoDb.call('PutItem', { TableName: tableName, Item: JSON.parse(Item) }, administrator);
  },
  'aws:secretsmanager/secret:Secret': ({ inputs: { name, description } }, { secrets }) =>
    secrets.createSecret({ name, description }),
  'aws:sesv2/configurationSet:ConfigurationSet': ({ inputs }, { ses }) =>
    ses.addConfigurationSet(inputs.configurationSetName),
  'aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination': ({ inputs }, { ses }) =>
    ses.addEventDestination(inputs.configurationSetName, inputs.eventDestination.matchingEventTypes),
  'aws:sesv2/emailIdentity:EmailIdentity': ({ inputs }, { ses }) => ses.addIdentity(inputs.emailIdentity),
  'aws:sns/topic:Topic': ({ inputs }, { sns }) => sns.createTopic(inputs.name),
  'aws:sns/topicSubscription:TopicSubscription': (subscription, { sns }, all) => {
    const { topic, endpoint } = subscription.inputs;
    mustHave(all, 'aws:sns/topic:Topic', { arn: topic }, subscription);
    sns.subscribe(topic, endpoint);
  },
  'aws:sns/topicPolicy:TopicPolicy': (policy, _services, all) =>
    mustHave(all, 'aws:sns/topic:Topic', { arn: policy.inputs.arn }, policy),
  'aws:s3/bucket:Bucket': ({ inputs }, { s3 }) => s3.createBucket(inputs.bucket),
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': ofBucket,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': ofBucket,
  'aws:s3/bucketVersioning:BucketVersioning': ofBucket,
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': ofBucket,
  'aws:s3/bucketPolicy:BucketPolicy': ofBucket,
  'aws:s3/bucketObjectv2:BucketObjectv2': ofBucket,
  'aws:lambda/layerVersion:LayerVersion': async (layer, { lambda }, all) => {
    const { s3Bucket: bucket, s3Key: key } = layer.inputs;
    const { inputs } = mustHave(all, 'aws:s3/bucketObjectv2:BucketObjectv2', { bucket, key }, layer);
    lambda.addLayer(String(layer.state.arn), await foldersOf(inputs.source));
  },
  'aws:ec2/vpc:Vpc': nothing,
  'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup': inVpc,
  'aws:ec2/subnet:Subnet': inVpc,
  'aws:ec2/internetGateway:InternetGateway': inVpc,
  'aws:ec2/eip:Eip': nothing,
  'aws:ec2/natGateway:NatGateway': (nat, _services, all) => {
    mustHave(all, 'aws:ec2/subnet:Subnet', { id: nat.inputs.subnetId }, nat);
    mustHave(all, 'aws:ec2/eip:Eip', { id: nat.inputs.allocationId }, nat);
  },
  'aws:ec2/routeTable:RouteTable': inVpc,
  'aws:ec2/route:Route': (route, _services, all) => {
    const { routeTableId, gatewayId, natGatewayId } = route.inputs;
    mustHave(all, 'aws:ec2/routeTable:RouteTable', { id: routeTableId }, route);
    if (gatewayId) mustHave(all, 'aws:ec2/internetGateway:InternetGateway', { id: gatewayId }, route);
    if (natGatewayId) mustHave(all, 'aws:ec2/natGateway:NatGateway', { id: natGatewayId }, route);
  },
  'aws:ec2/routeTableAssociation:RouteTableAssociation': (association, _services, all) => {
    const { routeTableId, subnetId } = association.inputs;
    mustHave(all, 'aws:ec2/routeTable:RouteTable', { id: routeTableId }, association);
    mustHave(all, 'aws:ec2/subnet:Subnet', { id: subnetId }, association);
  },
  'aws:ec2/securityGroup:SecurityGroup': inVpc,
  'aws:ec2/vpcEndpoint:VpcEndpoint': (endpoint, services, all) => {
    inVpc(endpoint, services, all);
    // Only for a VPC that this stack makes.
    for (const id of endpoint.inputs.subnetIds) mustHave(all, 'aws:ec2/subnet:Subnet', { id }, endpoint);
    for (const id of endpoint.inputs.securityGroupIds)
      mustHave(all, 'aws:ec2/securityGroup:SecurityGroup', { id }, endpoint);
  },
  'aws:lambda/function:Function': async (resource, { lambda, iam }, all) => {
    const { inputs, state } = resource;
    if (!iam.checkAssumable(inputs.role, 'lambda.amazonaws.com')) {
      throw new Error(`Lambda may not assume the role of ${inputs.name}.`);
    }
    mustHave(all, 'aws:cloudwatch/logGroup:LogGroup', { name: inputs.loggingConfig.logGroup }, resource);
    lambda.addFunction({
      name: inputs.name,
      arn: String(state.arn),
      code: await codeOf(inputs.code),
      handler: inputs.handler,
      timeoutSeconds: inputs.timeout,
      variables: inputs.environment?.variables ?? {},
      layers: (inputs.layers ?? []).map(
        (arn) => mustHave(all, 'aws:lambda/layerVersion:LayerVersion', { arn }, resource) && arn,
      ),
      assumeRole: () => iam.credentialsFor(inputs.role, inputs.name),
    });
  },
  'aws:sfn/stateMachine:StateMachine': (machine, { stepFunctions, iam }, all) => {
    const { name, definition, roleArn, loggingConfiguration } = machine.inputs;
    const context = { sourceAccount: accountId, sourceArn: String(machine.state.arn) };
    if (!iam.checkAssumable(roleArn, 'states.amazonaws.com', context)) {
      throw new Error(`Step Functions may not assume the role of ${name}.`);
    }
    if (loggingConfiguration) {
      const logGroupArn = loggingConfiguration.logDestination.replace(/:\*$/, '');
      mustHave(all, 'aws:cloudwatch/logGroup:LogGroup', { arn: logGroupArn }, machine);
      mayDeliverLogs(roleArn, iam);
    }
    stepFunctions.createStateMachine({ name, definition, roleArn });
  },
  'aws:cloudwatch/eventRule:EventRule': ({ inputs }, { eventBus }) =>
    eventBus.addRule(inputs.name, inputs.eventPattern, inputs.state),
  'aws:cloudwatch/eventTarget:EventTarget': (target, { eventBus }, all) => {
    const { rule, arn: topicArn, inputTransformer } = target.inputs;
    mustHave(all, 'aws:sns/topic:Topic', { arn: topicArn }, target);
    mayPublish('events.amazonaws.com', topicArn, `the rule ${rule}`, all);
    eventBus.addTarget(rule, { topicArn, ...inputTransformer });
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': (alarm, { cloudWatch }, all) => {
    const { name, alarmActions = [], okActions = [], insufficientDataActions = [] } = alarm.inputs;
    for (const topicArn of [...alarmActions, ...okActions, ...insufficientDataActions]) {
      mustHave(all, 'aws:sns/topic:Topic', { arn: topicArn }, alarm);
      mayPublish('cloudwatch.amazonaws.com', topicArn, `the alarm ${name}`, all);
    }
    cloudWatch.addAlarm(alarm.inputs);
  },
  'aws:cloudwatch/dashboard:Dashboard': ({ inputs }, { cloudWatch }) => cloudWatch.addDashboard(inputs),
  'aws:cloudtrail/trail:Trail': (trail, { cloudTrail }, all) => {
    mustHave(all, 'aws:s3/bucket:Bucket', { bucket: trail.inputs.s3BucketName }, trail);
    mayWriteTrail(trail, all);
    cloudTrail.addTrail();
  },
  'aws:apigatewayv2/api:Api': (api, { httpApi }, all) => {
    if (all.ofType(api.type).length > 1) throw notSupported('a second HTTP API');
    if (api.inputs.disableExecuteApiEndpoint) httpApi.disableOwnAddress();
  },
  'aws:lambda/permission:Permission': (permission, _services, all) =>
    mustHave(all, 'aws:lambda/function:Function', { name: permission.inputs.function }, permission),
  'aws:apigatewayv2/integration:Integration': (integration, _services, all) => {
    const { apiId, integrationUri: invokeArn } = integration.inputs;
    mustHave(all, 'aws:apigatewayv2/api:Api', { id: apiId }, integration);
    mustHave(all, 'aws:lambda/function:Function', { invokeArn }, integration);
  },
  'aws:apigatewayv2/route:Route': (route, { httpApi }, all) => {
    const { apiId, routeKey, target } = route.inputs;
    mustHave(all, 'aws:apigatewayv2/api:Api', { id: apiId }, route);
    const id = target.replace('integrations/', '');
    const integration = mustHave(all, 'aws:apigatewayv2/integration:Integration', { id }, route);
    const lambda = functionOf(integration, all);
    mayInvoke(routeKey, lambda, all);
    const { timeoutMilliseconds: timeoutMs } = integration.inputs;
    httpApi.addRoute({
      routeKey,
      functionArn: String(lambda.state.arn),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  },
  'aws:apigatewayv2/stage:Stage': (stage, { httpApi }, all) => {
    const { apiId, autoDeploy, accessLogSettings, routeSettings = [] } = stage.inputs;
    mustHave(all, 'aws:apigatewayv2/api:Api', { id: apiId }, stage);
    if (accessLogSettings) {
      mustHave(all, 'aws:cloudwatch/logGroup:LogGroup', { arn: accessLogSettings.destinationArn }, stage);
    }
    for (const { routeKey } of routeSettings) {
      mustHave(all, 'aws:apigatewayv2/route:Route', { routeKey }, stage);
    }
    if (autoDeploy) httpApi.deploy();
  },
  'aws:apigatewayv2/domainName:DomainName': nothing,
  'aws:apigatewayv2/apiMapping:ApiMapping': (mapping, { httpApi }, all) => {
    const { apiId, domainName, stage: name } = mapping.inputs;
    mustHave(all, 'aws:apigatewayv2/api:Api', { id: apiId }, mapping);
    mustHave(all, 'aws:apigatewayv2/domainName:DomainName', { domainName }, mapping);
    mustHave(all, 'aws:apigatewayv2/stage:Stage', { name }, mapping);
    httpApi.addDomain();
  },
  'aws:route53/record:Record': nothing,
  'aws:sqs/queue:Queue': nothing,
  'aws:scheduler/schedule:Schedule': (schedule, { scheduler, iam }, all) => {
    const { name, description, scheduleExpression, target } = schedule.inputs;
    if (!iam.checkAssumable(target.roleArn, 'scheduler.amazonaws.com', { sourceAccount: accountId })) {
      throw new Error(`EventBridge Scheduler may not assume the role of ${name}.`);
    }
    const queueArn = target.deadLetterConfig?.arn;
    if (target.arn.startsWith('arn:aws:states:'))
      mustHave(all, 'aws:sfn/stateMachine:StateMachine', { arn: target.arn }, schedule);
    else if (target.arn.startsWith('arn:aws:lambda:'))
      mustHave(all, 'aws:lambda/function:Function', { arn: target.arn }, schedule);
    else throw notSupported(`the target ${target.arn} of ${name}`);
    if (queueArn !== undefined) mustHave(all, 'aws:sqs/queue:Queue', { arn: queueArn }, schedule);
    scheduler.addSchedule({
      name,
      description,
      scheduleExpression,
      targetArn: target.arn,
      role: { principalArn: target.roleArn },
      input: target.input,
      ...(queueArn !== undefined && { deadLetterQueueArn: queueArn }),
      maximumRetryAttempts: target.retryPolicy.maximumRetryAttempts,
      maximumEventAgeSeconds: target.retryPolicy.maximumEventAgeInSeconds,
    });
  },
};

function inVpc(
  resource: { readonly type: string; readonly name: string; readonly inputs: { readonly vpcId: string } },
  _services: Services,
  all: Resources,
): void {
  mustHave(all, 'aws:ec2/vpc:Vpc', { id: resource.inputs.vpcId }, resource);
}

function ofBucket(
  resource: { readonly type: string; readonly name: string; readonly inputs: { readonly bucket: string } },
  _services: Services,
  all: Resources,
): void {
  mustHave(all, 'aws:s3/bucket:Bucket', { bucket: resource.inputs.bucket }, resource);
}

/** The files of an archive that contains `index.mjs`, by name. */
async function codeOf(archive: pulumi.asset.Archive): Promise<Readonly<Record<string, string>>> {
  const assets = (await (archive as pulumi.asset.AssetArchive).assets) as Record<
    string,
    pulumi.asset.StringAsset
  >;
  if (!assets['index.mjs']) throw notSupported('an archive without index.mjs');
  const texts = Object.entries(assets).map(async ([name, { text }]) => [name, await text] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** The folders that an archive consists of, by their place in it. */
async function foldersOf(archive: pulumi.asset.Archive): Promise<Readonly<Record<string, string>>> {
  const assets = (await (archive as pulumi.asset.AssetArchive).assets) as Record<
    string,
    pulumi.asset.FileArchive
  >;
  const folders = Object.entries(assets).map(async ([name, { path }]) => [name, await path] as const);
  return Object.fromEntries(await Promise.all(folders));
}
