/** A Pulumi program of its own: the fake provider, where Lambda can reach it. */
import { Api, Integration, Route, Stage } from '@pulumi/aws/apigatewayv2/index.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Role, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { Function as LambdaFunction, Permission } from '@pulumi/aws/lambda/index.js';
import * as pulumi from '@pulumi/pulumi';
import { build, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';

import { trustPolicy } from '../../../infra/permissions.ts';

const name = `grantkeeper-fake-provider-${pulumi.getStack()}`;

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('handler.ts', import.meta.url))],
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
});
await stop();

const role = new Role('role', { name, assumeRolePolicy: trustPolicy('lambda.amazonaws.com') });
const mayLog = new RolePolicyAttachment('logging', {
  role: role.name,
  policyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
});
const logs = new LogGroup('logs', { name: `/aws/lambda/${name}`, retentionInDays: 7 });
const provider = new LambdaFunction(
  'function',
  {
    name,
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler: 'index.handler',
    code: new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.StringAsset(outputFiles[0]!.text) }),
    role: role.arn,
    timeout: 10,
  },
  { dependsOn: [mayLog, logs] },
);
const api = new Api('api', { name, protocolType: 'HTTP' });
const integration = new Integration('integration', {
  apiId: api.id,
  integrationType: 'AWS_PROXY',
  integrationUri: provider.invokeArn,
  payloadFormatVersion: '2.0',
});
const route = new Route('route', {
  apiId: api.id,
  routeKey: '$default',
  target: pulumi.interpolate`integrations/${integration.id}`,
});
new Permission('permission', {
  action: 'lambda:InvokeFunction',
  function: provider.name,
  principal: 'apigateway.amazonaws.com',
  sourceArn: pulumi.interpolate`${api.executionArn}/*`,
});
new Stage('stage', { apiId: api.id, name: '$default', autoDeploy: true }, { dependsOn: [route] });

export const url = api.apiEndpoint;
