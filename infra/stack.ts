import { getCallerIdentityOutput, getPartitionOutput, getRegionOutput } from '@pulumi/aws/index.js';
import type { Secret } from '@pulumi/aws/secretsmanager/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { FunctionName } from './bundle.ts';
import { Connection } from './components/connection.ts';
import { Email } from './components/email.ts';
import { KeeperFunction } from './components/function.ts';
import { HttpApi } from './components/http-api.ts';
import { OperatorAlerts } from './components/operator-alerts.ts';
import { Scheduling } from './components/scheduling.ts';
import { Storage } from './components/storage.ts';
import { Workflow } from './components/workflow.ts';
import type { GrantkeeperConfig } from './config.ts';
import type { Statement } from './policy.ts';
import { exceptions } from './policy.ts';
import type { FoundSecrets } from './secrets.ts';
import { keptSecret, secretPrefixOf } from './secrets.ts';

/** Steps end well before their states do (45 s), pages before the gateway gives up (30 s). */
const stepTimeoutSeconds = 30;
const pageTimeoutSeconds = 28;

/**
 * Everything that is deployed, and what the operator needs to know of it.
 * @param found secrets that an earlier deployment left in place (see secrets.ts); they are adopted, not made
 */
export function grantkeeper(config: GrantkeeperConfig, found: FoundSecrets = {}) {
  const prefix = `grantkeeper-${pulumi.getStack()}`;
  const secretPrefix = secretPrefixOf(pulumi.getStack());
  const { logRetentionDays } = config;
  const place = placeOf();
  const stateMachineName = `${prefix}-keep-grant`;
  const stateMachineArn = place.arn('states', `stateMachine:${stateMachineName}`);

  const storage = new Storage('storage', { prefix });
  const alerts = new OperatorAlerts('operator-alerts', { prefix, emails: config.operators.emails });
  const email = new Email('email', {
    prefix,
    from: config.mail.from,
    identity: config.mail.identity ?? config.mail.from,
    recipientArns: [...new Set(config.connections.map(({ owner }) => owner.email))].map((address) =>
      place.arn('ses', `identity/${address}`),
    ),
  });
  const clients = clientSecrets(secretPrefix, config, found);

  const secrets = (path: string) => place.arn('secretsmanager', `secret:${secretPrefix}/${path}-??????`);
  const table = (...operations: readonly string[]): Statement => ({
    actions: operations.map((operation) => `dynamodb:${operation}`),
    resources: [storage.tableArn],
  });
  const may = {
    useTable: table('GetItem', 'UpdateItem'),
    recordEvents: table('PutItem'),
    endIncidents: table('Query', 'DeleteItem'),
    readClients: { actions: ['secretsmanager:GetSecretValue'], resources: [secrets('client/*')] },
    keepTokens: {
      actions: [
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      resources: [secrets('*/grant'), secrets('*/access')],
    },
    sendMail: email.permission,
    start: { actions: ['states:StartExecution'], resources: [stateMachineArn] },
    ...exceptions,
  } satisfies Record<string, Statement>;
  const variables = {
    table: { TABLE_NAME: storage.tableName },
    secrets: { SECRET_PREFIX: secretPrefix },
    workflow: { STATE_MACHINE_ARN: stateMachineArn },
  };

  const keeperFunction = (
    functionName: FunctionName,
    description: string,
    timeoutSeconds: number,
    environment: Record<string, pulumi.Input<string>>,
    permissions: readonly Statement[],
  ) =>
    new KeeperFunction(functionName, {
      functionName,
      prefix,
      description,
      timeoutSeconds,
      environment,
      permissions,
      logRetentionDays,
    });
  const checkGrant = keeperFunction(
    'check-grant',
    'Looks at one grant and decides what to do.',
    stepTimeoutSeconds,
    variables.table,
    [may.useTable, may.endIncidents, may.readClients],
  );
  const refreshTokens = keeperFunction(
    'refresh-tokens',
    'Spends a refresh token once and stores what comes back.',
    stepTimeoutSeconds,
    { ...variables.table, ...variables.secrets, ...variables.workflow },
    [may.useTable, may.recordEvents, may.endIncidents, may.readClients, may.keepTokens, may.resume],
  );
  const notifyOwner = keeperFunction(
    'notify-owner',
    'Tells an owner that a grant nears its end, or is back.',
    stepTimeoutSeconds,
    { ...variables.table, ...variables.workflow, ...email.environment },
    [may.useTable, may.recordEvents, may.endIncidents, may.sendMail, may.resume],
  );
  const requestReauthorization = keeperFunction(
    'request-reauthorization',
    'Asks an owner to log in, and attaches the execution that waits.',
    stepTimeoutSeconds,
    { ...variables.table, ...variables.workflow, ...email.environment },
    [may.useTable, may.recordEvents, may.endIncidents, may.sendMail, may.resume],
  );
  const reauthorize = keeperFunction(
    'reauthorize',
    'The page behind the link, and the way to the provider.',
    pageTimeoutSeconds,
    { ...variables.table, ...variables.workflow },
    [may.useTable, may.recordEvents, may.readClients, may.start],
  );
  const callback = keeperFunction(
    'callback',
    'The way back from the provider: exchanges the code and stores the tokens.',
    pageTimeoutSeconds,
    { ...variables.table, ...variables.secrets, ...variables.workflow },
    [
      may.useTable,
      may.recordEvents,
      may.endIncidents,
      may.readClients,
      may.keepTokens,
      may.resume,
      may.start,
    ],
  );

  const consoleUrl = pulumi.interpolate`https://${place.region}.console.aws.amazon.com/states/home?region=${place.region}#`;
  const workflow = new Workflow('workflow', {
    stateMachineName,
    accountId: place.accountId,
    consoleUrl: pulumi.interpolate`${consoleUrl}/v2/executions/details/`,
    functionArns: {
      CheckGrant: checkGrant.arn,
      RefreshTokens: refreshTokens.arn,
      NotifyOwner: notifyOwner.arn,
      RequestReauthorization: requestReauthorization.arn,
    },
    table: storage,
    operatorTopicArn: alerts.topicArn,
    logRetentionDays,
  });
  alerts.watch(workflow.stateMachineArn);

  const link = '/reauthorize/{connectionId}/{authorizationId}/{secret}';
  const api = new HttpApi('http-api', {
    prefix,
    domain: config.domain,
    logRetentionDays,
    // Each route has a bucket of its own, so that a flood of the pages leaves the callback's alone; and small ones, for a
    // new account has 10 concurrent executions for all functions.
    routes: [
      {
        name: 'reauthorize',
        target: reauthorize,
        routeKeys: [`GET ${link}`, `POST ${link}`],
        throttling: { rateLimit: 10, burstLimit: 3 },
      },
      {
        name: 'callback',
        target: callback,
        routeKeys: ['GET /callback'],
        throttling: { rateLimit: 50, burstLimit: 10 },
      },
    ],
  });

  const scheduling = new Scheduling('scheduling', {
    prefix,
    accountId: place.accountId,
    stateMachineArn: workflow.stateMachineArn,
  });
  const connections = config.connections.map(
    (connection) =>
      [
        connection.connectionId,
        new Connection(connection.connectionId, {
          prefix,
          secretPrefix,
          found,
          config: connection,
          clientSecretName: clients[connection.client]!.name,
          publicUrl: api.publicUrl,
          callbackUrl: api.callbackUrl,
          tableName: storage.tableName,
          stateMachineArn: workflow.stateMachineArn,
          schedulerRoleArn: scheduling.roleArn,
          deadLetterQueueArn: scheduling.deadLetterQueueArn,
        }),
      ] as const,
  );

  return {
    /** Register exactly this with every provider. */
    callbackUrl: api.callbackUrl,
    stateMachineConsoleUrl: pulumi.interpolate`${consoleUrl}/statemachines/view/${workflow.stateMachineArn}`,
    stateMachineArn: workflow.stateMachineArn,
    tableName: storage.tableName,
    operatorTopicArn: alerts.topicArn,
    /** To be put into the DNS of the mail domain, so that SES may send from it. */
    mailDnsRecords: email.dnsRecords,
    clientSecretNames: Object.fromEntries(
      Object.entries(clients).map(([name, { name: secret }]) => [name, secret]),
    ),
    tokenSecretNames: Object.fromEntries(connections.map(([id, { secretNames }]) => [id, secretNames])),
  };
}

/** One secret a client, empty until the operator puts its credentials in. */
function clientSecrets(
  secretPrefix: string,
  config: GrantkeeperConfig,
  found: FoundSecrets,
): Readonly<Record<string, Secret>> {
  const names = [...new Set(config.connections.map(({ client }) => client))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      keptSecret(`client-${name}`, {
        name: `${secretPrefix}/client/${name}`,
        description: `{"client_id", "client_secret"} of the OAuth client ${name}. Put there by the operator.`,
        found,
      }),
    ]),
  );
}

/** Where this is deployed. Names that two resources need of each other are made of it beforehand. */
function placeOf() {
  const { accountId } = getCallerIdentityOutput();
  const { region } = getRegionOutput();
  const { partition } = getPartitionOutput();
  return {
    accountId,
    region,
    arn: (service: string, resource: string) =>
      pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`,
  };
}
