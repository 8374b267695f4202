import * as pulumi from '@pulumi/pulumi';

import { findExisting } from './adoption.ts';
import { readConfig } from './config.ts';
import { findSecrets } from './secrets.ts';
import { grantkeeper } from './stack.ts';

// First of all, and without AWS: a configuration that is not valid should say so at once.
const config = readConfig();
const stack = pulumi.getStack();

export const {
  panelUrl,
  callbackUrl,
  callbackDomainTarget,
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
} = grantkeeper(config, await findSecrets(stack), await findExisting(stack, config));
