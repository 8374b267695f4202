import { readConfig } from './config.ts';
import { grantkeeper } from './stack.ts';

export const {
  callbackUrl,
  stateMachineConsoleUrl,
  stateMachineArn,
  tableName,
  operatorTopicArn,
  clientSecretNames,
  tokenSecretNames,
} = grantkeeper(readConfig());
