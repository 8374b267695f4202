/** A VPC and its parts. Only their shape is checked: functions here reach everything without a VPC. */
import * as z from 'zod';

import { json, only, text, whole, withoutEffect } from './parts.ts';

const id = (kind: string) =>
  z.string().regex(new RegExp(`^${kind}-[0-9a-f]{8,17}$`), `must be the id of a ${kind}`);
const tags = withoutEffect(z.record(z.string(), z.string()));
const vpcId = id('vpc');
// Between /16 and /28: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
const cidrBlock = z
  .string()
  .regex(/^(\d{1,3}\.){3}\d{1,3}\/(1[6-9]|2[0-8])$/, 'must be a CIDR block from /16 to /28');

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
const rule = z.strictObject({
  protocol: only('tcp'),
  fromPort: whole(0, 65_535),
  toPort: whole(0, 65_535),
  cidrBlocks: z.array(z.string()).min(1).optional(),
  securityGroups: z.array(id('sg')).min(1).optional(),
});
const rules = z.array(rule).max(60);

export const networkSchemas = {
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
  'aws:ec2/vpc:Vpc': z.strictObject({
    cidrBlock,
    enableDnsSupport: withoutEffect(z.boolean()),
    enableDnsHostnames: withoutEffect(z.boolean()),
    tags,
  }),
  'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup': z.strictObject({
    vpcId,
    ingress: rules,
    egress: rules,
    tags,
  }),
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
  'aws:ec2/subnet:Subnet': z.strictObject({ vpcId, cidrBlock, availabilityZone: z.string(), tags }),
  'aws:ec2/internetGateway:InternetGateway': z.strictObject({ vpcId, tags }),
  'aws:ec2/eip:Eip': z.strictObject({ domain: only('vpc'), tags }),
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html
  'aws:ec2/natGateway:NatGateway': z.strictObject({
    subnetId: id('subnet'),
    allocationId: id('eipalloc'),
    tags,
  }),
  'aws:ec2/routeTable:RouteTable': z.strictObject({ vpcId, tags }),
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
  'aws:ec2/route:Route': z
    .strictObject({
      routeTableId: id('rtb'),
      destinationCidrBlock: z.literal('0.0.0.0/0'),
      gatewayId: id('igw').optional(),
      natGatewayId: id('nat').optional(),
    })
    .refine(
      ({ gatewayId, natGatewayId }) => (gatewayId === undefined) !== (natGatewayId === undefined),
      'must have one target',
    ),
  'aws:ec2/routeTableAssociation:RouteTableAssociation': z.strictObject({
    routeTableId: id('rtb'),
    subnetId: id('subnet'),
  }),
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
  'aws:ec2/securityGroup:SecurityGroup': z.strictObject({
    vpcId,
    description: text(1, 255),
    ingress: rules,
    egress: rules,
    tags,
  }),
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
  'aws:ec2/vpcEndpoint:VpcEndpoint': z.strictObject({
    vpcId,
    serviceName: z
      .string()
      .regex(/^com\.amazonaws\.[a-z0-9-]+\.[a-z0-9.-]+$/, 'must be the name of a service'),
    vpcEndpointType: only('Interface'),
    privateDnsEnabled: withoutEffect(z.boolean()),
    subnetIds: z.array(id('subnet')).min(1),
    securityGroupIds: z.array(id('sg')).min(1),
    policy: json,
    tags,
  }),
} as const;

// https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
export const VpcConfig = z.strictObject({
  subnetIds: z.array(id('subnet')).min(1).max(16),
  securityGroupIds: z.array(id('sg')).min(1).max(5),
});
