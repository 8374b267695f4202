import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

import type { Brokerage } from './brokerage/brokerage.ts';
import { startBrokerage } from './brokerage/brokerage.ts';
import type { BrokerageLimits, LoginBehaviour } from './brokerage/control.ts';
import { VirtualClock } from './aws/clock.ts';
import type { Cloud, CloudOptions } from './cloud.ts';
import { putSecretValue, startCloud } from './cloud.ts';

type Config = Record<string, unknown>;

export interface DemoOptions {
  readonly ports: {
    readonly aws: number;
    readonly api: number;
    readonly brokerage: number;
    readonly hop: number;
    readonly webhooks: number;
  };
  /** Epoch milliseconds at which the cloud's time starts. */
  readonly startMs: number;
  /** Address of the tools, to which links to executions lead instead of AWS's console. */
  readonly toolsUrl?: string;
  /** Changes the configuration of `Pulumi.local.yaml`. */
  readonly configure?: (config: Config) => Config;
  /** Value of the client's secret; undefined leaves it empty, as after a first deployment. */
  readonly clientSecret?: (right: {
    readonly client_id: string;
    readonly client_secret: string;
  }) => string | undefined;
  readonly limits?: Partial<BrokerageLimits>;
  /** How the pages of Demo Brokerage's logins behave. */
  readonly login?: LoginBehaviour;
  readonly awsDelayMs?: CloudOptions['awsDelayMs'];
  readonly change?: CloudOptions['change'];
  /** Adds resources to the program, given the address of Demo Brokerage. */
  readonly add?: (brokerage: Brokerage) => NonNullable<CloudOptions['add']>;
}

export interface Demo {
  readonly cloud: Cloud;
  readonly brokerage: Brokerage;
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  close(): Promise<void>;
}

/** The stack `local` with Demo Brokerage beside it, ready for its first tick. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const clock = new VirtualClock(options.startMs);
  const client = { clientId: 'grantkeeper-demo', clientSecret: randomBytes(24).toString('base64url') };
  const { config } = parse(await readFile(new URL('../Pulumi.local.yaml', import.meta.url), 'utf8')) as {
    config: Config;
  };
  let brokerage: Brokerage | undefined;
  try {
    const cloud = await startCloud({
      stack: 'local',
      clock,
      ports: options.ports,
      ...(options.awsDelayMs && { awsDelayMs: options.awsDelayMs }),
      ...(options.change && { change: options.change }),
      ...(options.add && { add: (outputs) => options.add!(brokerage!)(outputs) }),
      config: async (apiUrl) => {
        brokerage = await startBrokerage({
          port: options.ports.brokerage,
          hopPort: options.ports.hop,
          ...client,
          redirectUris: [`${apiUrl}/callback`],
          sharedClock: clock.shared,
          ...(options.limits && { limits: options.limits }),
          ...(options.login && { login: options.login }),
        });
        const { toolsUrl } = options;
        const located = {
          ...withEndpoints(config, brokerage),
          ...(toolsUrl && {
            'grantkeeper:executionUrl': `${toolsUrl}/execution?arn=`,
            'grantkeeper:browserLogin': {
              ...(config['grantkeeper:browserLogin'] as Config | undefined),
              screenshotUrl: `${toolsUrl}/screenshot?key=`,
            },
          }),
        };
        return options.configure?.(located) ?? located;
      },
    });
    const right = { client_id: client.clientId, client_secret: client.clientSecret };
    const secret = options.clientSecret ? options.clientSecret(right) : JSON.stringify(right);
    const secretNames = cloud.outputs.clientSecretNames as Readonly<Record<string, string>>;
    if (secret !== undefined) {
      for (const name of Object.values(secretNames)) await putSecretValue(cloud, name, secret);
    }
    const running = brokerage!;
    cloud.faults.connect(running);
    const close = async () => void (await Promise.all([cloud.close(), running.close()]));
    return { cloud, brokerage: running, client, close };
  } catch (error) {
    await brokerage?.close();
    throw error;
  }
}

/** Replaces the default ports in the configuration with the actual ones. */
function withEndpoints(
  config: Config,
  { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint, identityEndpoint }: Brokerage,
): Config {
  const providers = config['grantkeeper:providers'] as Record<string, Config>;
  const data = providers['demo-brokerage']!;
  const identity = { ...(data.identity as Config), endpoint: identityEndpoint };
  const located = {
    ...data,
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    revocationEndpoint,
    identity,
  };
  return { ...config, 'grantkeeper:providers': { ...providers, 'demo-brokerage': located } };
}
