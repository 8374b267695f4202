import { createHash } from 'node:crypto';

import { accountId, region } from '../aws/service.ts';

export interface Place {
  readonly apiEndpoint: string;
}

type Inputs = Record<string, unknown>;
type Names = Readonly<Record<string, string>>;

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;

/** Ids in EC2's format. */
const ec2 = (kind: string) => (_inputs: Names, name: string) => ({
  id: `${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 17)}`,
});

/** The properties that AWS adds to a new resource, by Pulumi's type, as far as the program uses them. */
const made: Readonly<
  Record<string, (inputs: Names, name: string, place: Place) => Inputs & { id?: string }>
> = {
  'aws:cloudwatch/logGroup:LogGroup': ({ name }) => ({
    id: `${name}`,
    arn: arn('logs', `log-group:${name}`),
  }),
  'aws:iam/role:Role': ({ name }) => ({ id: `${name}`, arn: `arn:aws:iam::${accountId}:role/${name}` }),
  'aws:iam/rolePolicy:RolePolicy': ({ role }, name) => ({ id: `${role}:${name}` }),
  'aws:lambda/function:Function': ({ name }) => {
    const functionArn = arn('lambda', `function:${name}`);
    return {
      id: `${name}`,
      arn: functionArn,
      invokeArn: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
    };
  },
  'aws:lambda/layerVersion:LayerVersion': ({ layerName }) => {
    const layerArn = arn('lambda', `layer:${layerName}:1`);
    return { id: layerArn, arn: layerArn };
  },
  'aws:s3/bucketObjectv2:BucketObjectv2': ({ bucket, key }) => ({ id: `${bucket}/${key}` }),
  'aws:lambda/permission:Permission': () => ({}),
  'aws:dynamodb/table:Table': ({ name }) => ({ id: `${name}`, arn: arn('dynamodb', `table/${name}`) }),
  'aws:dynamodb/tableItem:TableItem': () => ({}),
  'aws:secretsmanager/secret:Secret': ({ name }) => {
    const secretArn = arn('secretsmanager', `secret:${name}-abcdef`);
    return { id: secretArn, arn: secretArn };
  },
  'aws:sesv2/emailIdentity:EmailIdentity': ({ emailIdentity }) => ({
    id: `${emailIdentity}`,
    arn: arn('ses', `identity/${emailIdentity}`),
    dkimSigningAttributes: { tokens: ['token1', 'token2', 'token3'] },
  }),
  'aws:sesv2/configurationSet:ConfigurationSet': ({ configurationSetName }) => ({
    id: `${configurationSetName}`,
    arn: arn('ses', `configuration-set/${configurationSetName}`),
  }),
  'aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination': () => ({}),
  'aws:cloudwatch/metricAlarm:MetricAlarm': ({ name }) => ({
    id: `${name}`,
    arn: arn('cloudwatch', `alarm:${name}`),
  }),
  'aws:cloudwatch/dashboard:Dashboard': ({ dashboardName }) => ({ id: `${dashboardName}` }),
  'aws:s3/bucket:Bucket': ({ bucket }) => ({ id: `${bucket}`, arn: `arn:aws:s3:::${bucket}` }),
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': () => ({}),
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': () => ({}),
  'aws:s3/bucketVersioning:BucketVersioning': () => ({}),
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': () => ({}),
  'aws:s3/bucketPolicy:BucketPolicy': () => ({}),
  'aws:cloudtrail/trail:Trail': ({ name }) => ({ id: `${name}`, arn: arn('cloudtrail', `trail/${name}`) }),
  'aws:sns/topic:Topic': ({ name }) => ({ id: arn('sns', `${name}`), arn: arn('sns', `${name}`) }),
  'aws:sns/topicSubscription:TopicSubscription': () => ({}),
  'aws:sns/topicPolicy:TopicPolicy': () => ({}),
  'aws:cloudwatch/eventRule:EventRule': ({ name }) => ({ id: `${name}`, arn: arn('events', `rule/${name}`) }),
  'aws:cloudwatch/eventTarget:EventTarget': () => ({}),
  'aws:sfn/stateMachine:StateMachine': ({ name }) => {
    const machineArn = arn('states', `stateMachine:${name}`);
    return { id: machineArn, arn: machineArn };
  },
  'aws:sqs/queue:Queue': ({ name }) => ({ id: `https://sqs/${name}`, arn: arn('sqs', `${name}`) }),
  'aws:scheduler/schedule:Schedule': ({ name }) => ({
    id: `default/${name}`,
    arn: arn('scheduler', `schedule/default/${name}`),
  }),
  'aws:apigatewayv2/api:Api': (_inputs, _name, { apiEndpoint }) => ({
    id: 'local',
    apiEndpoint,
    arn: `arn:aws:apigateway:${region}::/apis/local`,
    executionArn: arn('execute-api', 'local'),
  }),
  'aws:apigatewayv2/integration:Integration': (_inputs, name) => ({ id: name }),
  'aws:apigatewayv2/route:Route': (_inputs, name) => ({ id: name }),
  'aws:apigatewayv2/stage:Stage': ({ name }) => ({ id: `${name}` }),
  'aws:apigatewayv2/domainName:DomainName': ({ domainName, domainNameConfiguration }) => ({
    id: `${domainName}`,
    domainNameConfiguration: {
      ...(domainNameConfiguration as unknown as Inputs),
      targetDomainName: `d-local.execute-api.${region}.amazonaws.com`,
      hostedZoneId: 'Z1UJRXOUMOOFQ8',
    },
  }),
  'aws:apigatewayv2/apiMapping:ApiMapping': () => ({}),
  'aws:route53/record:Record': () => ({}),
  'aws:ec2/vpc:Vpc': ec2('vpc'),
  'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup': ec2('sg'),
  'aws:ec2/subnet:Subnet': ec2('subnet'),
  'aws:ec2/internetGateway:InternetGateway': ec2('igw'),
  'aws:ec2/eip:Eip': ec2('eipalloc'),
  'aws:ec2/natGateway:NatGateway': ec2('nat'),
  'aws:ec2/routeTable:RouteTable': ec2('rtb'),
  'aws:ec2/route:Route': ec2('r'),
  'aws:ec2/routeTableAssociation:RouteTableAssociation': ec2('rtbassoc'),
  'aws:ec2/securityGroup:SecurityGroup': ec2('sg'),
  'aws:ec2/vpcEndpoint:VpcEndpoint': ec2('vpce'),
};

/**
 * Id and state of a resource as its provider would return them.
 * @throws {Error} naming a type that the embedded cloud does not support
 */
export function stateOf(
  type: string,
  name: string,
  inputs: Inputs,
  place: Place,
): { id: string; state: Inputs } {
  if (!type.startsWith('aws:')) return { id: name, state: inputs };
  const make = made[type];
  if (!make) throw new Error(`The embedded cloud does not support the resource type ${type} (${name}).`);
  const { id = name, ...added } = make(inputs as Names, name, place);
  return { id, state: { ...inputs, ...added } };
}
