import { getCallerIdentityOutput, getPartitionOutput, getRegionOutput } from '@pulumi/aws/index.js';
import * as pulumi from '@pulumi/pulumi';

import { consoleOrigin } from '../core/console.ts';

export type Place = ReturnType<typeof placeOf>;

/** Where this is deployed. Names that two resources need of each other are made of it beforehand. */
export function placeOf() {
  const { accountId } = getCallerIdentityOutput();
  const { region } = getRegionOutput();
  const { partition } = getPartitionOutput();
  const arn = (service: string, resource: string) =>
    pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
  return {
    accountId,
    region,
    partition,
    console: pulumi.all([partition, region]).apply((names) => consoleOrigin(...names)),
    allTopics: pulumi.interpolate`arn:${partition}:sns:*:*:*`,
    roleArn: (name: string) => pulumi.interpolate`arn:${partition}:iam::${accountId}:role/${name}`,
    arn,
    identityArn: (identity: string) => arn('ses', `identity/${identity}`),
  };
}
