import { getAvailabilityZonesOutput } from '@pulumi/aws/index.js';
import {
  DefaultSecurityGroup,
  Eip,
  getVpcEndpointServiceOutput,
  InternetGateway,
  NatGateway,
  Route,
  RouteTable,
  RouteTableAssociation,
  SecurityGroup,
  Subnet,
  Vpc,
  VpcEndpoint,
} from '@pulumi/aws/ec2/index.js';
import * as pulumi from '@pulumi/pulumi';

/** Where a function runs. */
export interface VpcConfig {
  readonly subnetIds: pulumi.Input<string>[];
  readonly securityGroupIds: pulumi.Input<string>[];
}

export interface BrowserNetworkArgs {
  readonly prefix: string;
  /** Names of availability zones; by default those that offer the endpoint. */
  readonly availabilityZones: readonly string[] | undefined;
  readonly accountId: pulumi.Input<string>;
  /** Of all passwords of the stack: no other secret is reached by way of the VPC's endpoint. */
  readonly secretArns: readonly pulumi.Input<string>[];
}

const anywhere = '0.0.0.0/0';
const https = { protocol: 'tcp', fromPort: 443, toPort: 443 };

/**
 * A VPC for browsers alone: private subnets, nothing comes in, only port 443 leads out; Secrets Manager is reached
 * without leaving AWS. One NAT gateway and one endpoint serve both zones: where theirs is down, the owner is asked.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-example-private-subnets-nat.html
 */
export class BrowserNetwork extends pulumi.ComponentResource {
  readonly vpcConfig: VpcConfig;

  constructor(name: string, args: BrowserNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:BrowserNetwork', name, {}, opts);
    const parent = { parent: this };
    const tags = { Name: `${args.prefix}-browser` };
    const vpc = new Vpc(
      `${name}-vpc`,
      { cidrBlock: '10.71.0.0/24', enableDnsSupport: true, enableDnsHostnames: true, tags },
      parent,
    );
    const ofVpc = { vpcId: vpc.id, tags };
    // The one that every VPC has lets its members reach each other: nothing is to be in it, and nothing allowed.
    new DefaultSecurityGroup(`${name}-default`, { ...ofVpc, ingress: [], egress: [] }, parent);
    const secretsManager = getVpcEndpointServiceOutput({
      service: 'secretsmanager',
      serviceType: 'Interface',
    });
    const zones = args.availabilityZones
      ? pulumi.output([...args.availabilityZones])
      : zonesWith(secretsManager.availabilityZones);
    const subnet = (suffix: string, cidrBlock: string, zone: number) =>
      new Subnet(
        `${name}-${suffix}`,
        { ...ofVpc, cidrBlock, availabilityZone: zones.apply((names) => names[zone % names.length]!) },
        // A new zone in the region must not replace subnets that functions use; zones that an operator names may.
        { ...parent, ...(!args.availabilityZones && { ignoreChanges: ['availabilityZone'] }) },
      );
    const publicSubnet = subnet('public', '10.71.0.0/28', 0);
    const privateSubnets = [
      subnet('private-a', '10.71.0.64/26', 0),
      subnet('private-b', '10.71.0.128/26', 1),
    ];
    const gateway = new InternetGateway(`${name}-gateway`, ofVpc, parent);
    const address = new Eip(`${name}-address`, { domain: 'vpc', tags }, parent);
    const nat = new NatGateway(
      `${name}-nat`,
      { subnetId: publicSubnet.id, allocationId: address.id, tags },
      { ...parent, dependsOn: [gateway] },
    );
    const wayOut = (
      suffix: string,
      subnets: readonly Subnet[],
      target: Partial<{ gatewayId: pulumi.Output<string>; natGatewayId: pulumi.Output<string> }>,
    ) => {
      const table = new RouteTable(`${name}-${suffix}-routes`, ofVpc, parent);
      new Route(
        `${name}-${suffix}-way-out`,
        { routeTableId: table.id, destinationCidrBlock: anywhere, ...target },
        parent,
      );
      subnets.forEach((each, index) => {
        new RouteTableAssociation(
          `${name}-${suffix}-${index}`,
          { routeTableId: table.id, subnetId: each.id },
          parent,
        );
      });
    };
    wayOut('public', [publicSubnet], { gatewayId: gateway.id });
    wayOut('private', privateSubnets, { natGatewayId: nat.id });
    const browsers = new SecurityGroup(
      `${name}-browsers`,
      {
        ...ofVpc,
        description: 'Browsers that log in: nothing comes in, HTTPS goes out.',
        ingress: [],
        egress: [{ ...https, cidrBlocks: [anywhere] }],
      },
      parent,
    );
    const endpoint = new SecurityGroup(
      `${name}-secrets`,
      {
        ...ofVpc,
        description: 'Secrets Manager, for browsers alone.',
        ingress: [{ ...https, securityGroups: [browsers.id] }],
        egress: [],
      },
      parent,
    );
    new VpcEndpoint(
      `${name}-secrets-endpoint`,
      {
        ...ofVpc,
        serviceName: secretsManager.serviceName,
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: [privateSubnets[0]!.id],
        securityGroupIds: [endpoint.id],
        policy: endpointPolicy(args),
      },
      parent,
    );
    this.vpcConfig = {
      subnetIds: privateSubnets.map(({ id }) => id),
      securityGroupIds: [browsers.id],
    };
    this.registerOutputs({});
  }
}

/**
 * Zones of the account that offer an endpoint, without Local Zones, which an account opts in to. In most regions they also have
 * functions and NAT gateways; elsewhere `browserLogin.availabilityZones` names others.
 * @throws {pulumi.RunError} if no zone does
 */
function zonesWith(link: pulumi.Output<string[]>): pulumi.Output<string[]> {
  const available = getAvailabilityZonesOutput({
    state: 'available',
    filters: [{ name: 'opt-in-status', values: ['opt-in-not-required'] }],
  }).names;
  return pulumi.all([available, link]).apply(([names, offering]) => {
    const both = names.filter((name) => offering.includes(name));
    if (both.length > 0) return both;
    throw new pulumi.RunError(
      'No availability zone offers an endpoint for Secrets Manager: name zones in grantkeeper:browserLogin.availabilityZones.',
    );
  });
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/vpc-endpoint-overview.html#vpc-endpoint-policy */
function endpointPolicy({ accountId, secretArns }: BrowserNetworkArgs): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 'secretsmanager:GetSecretValue',
        Resource: secretArns,
        Condition: { StringEquals: { 'aws:PrincipalAccount': accountId } },
      },
    ],
  });
}
