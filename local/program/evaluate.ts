import * as pulumi from '@pulumi/pulumi';

import { readConfig } from '../../infra/config.ts';
import { grantkeeper } from '../../infra/stack.ts';
import type { Registered } from '../aws/resources/resources.ts';
import { accountId, region } from '../aws/service.ts';
import { stateOf } from './resource-state.ts';

export interface Evaluated {
  readonly resources: readonly Registered[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface Stack {
  readonly stack: string;
  /** Configuration as in `Pulumi.<stack>.yaml`: full keys (`grantkeeper:mail`), structured values. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The HTTP API's address. */
  readonly apiEndpoint: string;
  /** Adds resources after the program's own. */
  readonly add?: (outputs: Outputs) => void;
}

export type Outputs = ReturnType<typeof grantkeeper>;

/**
 * Evaluates the Pulumi program under Pulumi's own runtime mocks: the same program that `pulumi up` runs.
 * @throws {pulumi.RunError} for an invalid configuration
 */
export async function evaluate({ stack, config, apiEndpoint, add }: Stack): Promise<Evaluated> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { id, state } = stateOf(type, name, inputs as Record<string, unknown>, { apiEndpoint });
        if (type.startsWith('aws:'))
          resources.push({ type, name, id, inputs: inputs as Record<string, unknown>, state });
        return { id, state };
      },
      call: ({ token }) => answerOf(token),
    },
    'grantkeeper',
    stack,
    false,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  );
  // Pulumi records a stack trace for each of its promises, which takes most of the time here.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const own = grantkeeper(readConfig());
    add?.(own);
    const outputs = await resolved(own);
    await pulumi.runtime.disconnect();
    return { resources, outputs };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function answerOf(token: string): Record<string, unknown> {
  switch (token) {
    case 'aws:index/getCallerIdentity:getCallerIdentity':
      return { id: accountId, accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
    case 'aws:index/getRegion:getRegion':
      return { id: region, region, name: region };
    case 'aws:index/getPartition:getPartition':
      return { id: 'aws', partition: 'aws', dnsSuffix: 'amazonaws.com' };
    case 'aws:index/getAvailabilityZones:getAvailabilityZones': {
      const names = ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
      return { id: region, names, zoneIds: names, state: 'available' };
    }
    // As in some regions, the first zone has none.
    case 'aws:ec2/getVpcEndpointService:getVpcEndpointService':
      return {
        id: 'vpce-svc-local',
        serviceName: `com.amazonaws.${region}.secretsmanager`,
        availabilityZones: ['b', 'c'].map((zone) => `${region}${zone}`),
      };
    default:
      throw new Error(`The embedded cloud does not support the provider function ${token}.`);
  }
}

function resolved(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
  return new Promise((resolve) => void pulumi.output(outputs).apply((known) => resolve(known)));
}
