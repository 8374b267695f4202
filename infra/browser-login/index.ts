import * as pulumi from '@pulumi/pulumi';

import { LambdaFunction } from '../components/function.ts';
import type { GrantkeeperConfig } from '../config.ts';
import type { FunctionsArgs } from '../functions.ts';
import type { Place } from '../place.ts';
import { browserSecretPrefixOf } from '../secrets.ts';
import { BrowserLogin, BrowserRuntime } from './component.ts';
import type { BrowserNetworkArgs, VpcConfig } from './network.ts';
import { BrowserNetwork } from './network.ts';

/** Longer than the function with the browser may take, shorter than its state waits (115 s). */
const browserTimeoutSeconds = 110;

interface BrowserLoginsArgs extends Pick<FunctionsArgs, 'prefix' | 'permissions' | 'variables'> {
  readonly place: Place;
  readonly accountId: pulumi.Output<string>;
}

/** Makes what logs in with a browser. Returns undefined, and makes nothing, where no connection opts in. */
export function browserLogin(
  config: GrantkeeperConfig,
  { place, permissions, variables, ...args }: BrowserLoginsArgs,
) {
  const optedIn = config.connections.flatMap(({ connectionId, browserLogin }) =>
    browserLogin === undefined ? [] : [{ connectionId, ...browserLogin }],
  );
  if (optedIn.length === 0) return undefined;
  const { region } = place;
  const browserSecretPrefix = browserSecretPrefixOf(pulumi.getStack());
  const browserRuntime = new BrowserRuntime('browser', args);
  const secretArnOf = (connectionId: string) =>
    place.arn('secretsmanager', `secret:${browserSecretPrefix}/${connectionId}-??????`);
  const vpcConfig = networkOf(config.browserLogin, {
    prefix: args.prefix,
    accountId: args.accountId,
    availabilityZones: config.browserLogin.availabilityZones,
    secretArns: optedIn.map(({ connectionId }) => secretArnOf(connectionId)),
  });
  const logins = optedIn.map(
    ({ connectionId, ...own }) =>
      new BrowserLogin(`browser-login-${connectionId}`, {
        prefix: args.prefix,
        tableName: variables.TABLE_NAME,
        browserSecretPrefix,
        connectionId,
        secretArn: secretArnOf(connectionId),
        functionArn: place.arn('lambda', `function:${args.prefix}-browser-login-${connectionId}`),
        ...own,
        browserRuntime,
        vpcConfig,
        logRetentionDays: config.logRetentionDays,
      }),
  );
  const sender = new LambdaFunction('request-browser-login', {
    functionName: 'request-browser-login',
    prefix: args.prefix,
    description: 'Sends a browser that logs in, before the owner is bothered.',
    timeoutSeconds: browserTimeoutSeconds,
    environment: {
      TABLE_NAME: variables.TABLE_NAME,
      OPERATOR_TOPIC_ARN: variables.OPERATOR_TOPIC_ARN,
      SCREENSHOT_BUCKET: browserRuntime.bucketName,
      SCREENSHOT_URL:
        config.browserLogin.screenshotUrl ??
        pulumi.interpolate`${place.console}/s3/object/${browserRuntime.bucketName}?region=${region}&prefix=`,
    },
    permissions: [
      ...permissions.useConnections,
      permissions.queryConnections,
      permissions.tellOperators,
      { actions: ['lambda:InvokeFunction'], resources: logins.map(({ functionArn }) => functionArn) },
      {
        actions: ['s3:PutObject'],
        resources: [pulumi.interpolate`${browserRuntime.bucketArn}/screenshots/*`],
      },
    ],
    logRetentionDays: config.logRetentionDays,
  });
  return {
    sender,
    connectionIds: optedIn.map(({ connectionId }) => connectionId),
  };
}

function networkOf(
  { network, subnetIds = [], securityGroupIds = [] }: GrantkeeperConfig['browserLogin'],
  args: BrowserNetworkArgs,
): VpcConfig | undefined {
  switch (network) {
    case 'none':
      return undefined;
    case 'existing':
      return { subnetIds, securityGroupIds };
    case 'create':
      return new BrowserNetwork('browser-network', args).vpcConfig;
  }
}
