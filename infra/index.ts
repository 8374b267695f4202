import * as pulumi from '@pulumi/pulumi';

import { readConfig } from './config.ts';
import { findSecrets } from './secrets.ts';
import { grantkeeper } from './stack.ts';

// First of all, and without AWS: a configuration that is not valid should say so at once.
const config = readConfig();

export const {
  panelUrl,
  callbackUrl,
  stateMachineConsoleUrl,
  stateMachineArn,
  dashboardConsoleUrl,
  tableName,
  operatorTopicArn,
  mailDnsRecords,
  clientSecretNames,
  webhookSecretNames,
  tokenSecretNames,
  consumerPolicies,
} = grantkeeper(config, await findSecrets(pulumi.getStack()));
