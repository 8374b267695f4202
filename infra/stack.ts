import { getCallerIdentityOutput, getPartitionOutput, getRegionOutput } from '@pulumi/aws/index.js';
import type { Secret } from '@pulumi/aws/secretsmanager/index.js';
import * as pulumi from '@pulumi/pulumi';

import { postedChannelNames, postedChannels } from '../core/channel.ts';
import { consoleOrigin } from '../core/console.ts';
import type { Deployment } from '../core/deployment.ts';
import type { PanelSettings, Person } from '../core/panel.ts';
import { tickSeconds } from '../core/settings.ts';
import { tokenFunctionSeconds } from '../core/time-limits.ts';
import type { Found } from './adoption.ts';
import type { FunctionName } from './bundle.ts';
import { BrowserLogin, BrowserRuntime } from './components/browser-login.ts';
import type { BrowserNetworkArgs, VpcConfig } from './components/browser-network.ts';
import { BrowserNetwork } from './components/browser-network.ts';
import { Connection } from './components/connection.ts';
import { Email, identityOf, undeliveredMail } from './components/email.ts';
import { LambdaFunction } from './components/function.ts';
import { HttpApi } from './components/http-api.ts';
import { endedAlarms, Monitoring } from './components/monitoring.ts';
import { failedExecutions, OperatorAlerts } from './components/operator-alerts.ts';
import { RefreshRequests } from './components/refresh-requests.ts';
import { Scheduling } from './components/scheduling.ts';
import { AuditTrail, foreignReads, foreignBrowserSecretReads } from './components/secret-watch.ts';
import { Storage } from './components/storage.ts';
import { StoredSettings } from './components/stored-settings.ts';
import { Workflow } from './components/workflow.ts';
import type { GrantkeeperConfig } from './config.ts';
import { orphanedSecrets } from './orphaned-secrets.ts';
import type { Statement } from './policy.ts';
import { exceptions, policyDocument } from './policy.ts';
import type { FoundSecrets } from './secrets.ts';
import { keptSecret, browserSecretPrefixOf, secretPrefixOf } from './secrets.ts';
import { sharedClients } from './shared-clients.ts';

/**
 * Steps end well before their states do (45 s), pages before the gateway gives up (30 s). A function that spends a token lives
 * longer (core/time-limits.ts), a callback too: its login is stored although the browser hears no more of it.
 */
const stepTimeoutSeconds = 30;
const pageTimeoutSeconds = 28;
/** Longer than the function with the browser may take, shorter than its state waits (115 s). */
const browserTimeoutSeconds = 110;

/**
 * Everything that is deployed, and what the operator needs to know of it.
 * @param found secrets that an earlier deployment left in place (see secrets.ts); they are adopted, not made
 * @param existing what else is adopted (see adoption.ts)
 */
export function grantkeeper(config: GrantkeeperConfig, found: FoundSecrets = {}, existing: Found = {}) {
  const prefix = `grantkeeper-${pulumi.getStack()}`;
  const secretPrefix = secretPrefixOf(pulumi.getStack());
  const { logRetentionDays } = config;
  const connectionIds = config.connections.map(({ connectionId }) => connectionId);
  for (const notified of orphanedSecrets(secretPrefix, connectionIds, found)) void pulumi.log.info(notified);
  for (const warning of sharedClients(config.connections)) void pulumi.log.warn(warning);
  const place = placeOf();
  const stateMachineName = `${prefix}-keep-grant`;
  const stateMachineArn = place.arn('states', `stateMachine:${stateMachineName}`);

  const storage = new Storage('storage', { prefix });
  const { accountId } = place;
  const alerts = new OperatorAlerts('operator-alerts', {
    prefix,
    accountId,
    emails: config.operators.emails,
  });
  const identityArn = (identity: string) => place.arn('ses', `identity/${identity}`);
  const email = new Email('email', {
    prefix,
    mail: config.mail,
    found: existing.mailIdentity,
    identityArn,
    eventBusArn: place.arn('events', 'event-bus/default'),
  });
  const people = peopleOf(config);
  const owners = config.connections.map(({ owner }) => owner);
  const clients = clientSecrets(secretPrefix, config, found);
  const webhooks = webhookSecrets(secretPrefix, config, found);

  const secrets = (path: string) => place.arn('secretsmanager', `secret:${secretPrefix}/${path}-??????`);
  const items = (leadingKeys: readonly string[], ...operations: readonly string[]): Statement => ({
    actions: operations.map((operation) => `dynamodb:${operation}`),
    resources: [storage.tableArn],
    leadingKeys,
  });
  const may = {
    // Pulumi alone writes settings: a function that could change the token endpoint could have refresh tokens sent to itself.
    readConnections: items(['connection#*', 'settings#*'], 'GetItem'),
    // Both in one statement, for all keys of a batch must match the same one.
    readManyConnections: items(['connection#*', 'settings#*'], 'BatchGetItem'),
    queryConnections: items(['connection#*'], 'Query'),
    writeConnections: items(['connection#*'], 'UpdateItem', 'PutItem'),
    /** Whose a session is, and what they may; and when they were last seen. */
    readVisitors: items(['panel', 'session#*', 'person#*'], 'GetItem'),
    noteVisits: items(['session#*'], 'UpdateItem'),
    readPeople: items(['panel'], 'GetItem'),
    keepSessions: items(['session#*', 'person#*', 'sign-in#*'], 'GetItem', 'UpdateItem'),
    readClients: { actions: ['secretsmanager:GetSecretValue'], resources: [secrets('client/*')] },
    keepTokens: {
      actions: [
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      resources: [secrets('*/grant'), secrets('*/access')],
    },
    emptySecrets: {
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
      resources: [secrets('*/grant'), secrets('*/access')],
    },
    readWebhooks: { actions: ['secretsmanager:GetSecretValue'], resources: [secrets('webhook/*')] },
    sendMail: email.permissionTo([...new Set(owners.map(({ email: address }) => address))].map(identityArn)),
    // A telephone number has no ARN. What has one is a topic, and none of these is meant.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
    sendSms: { actions: ['sns:Publish'], notResources: [place.allTopics] },
    tellOperators: { actions: ['sns:Publish'], resources: [alerts.topicArn] },
    start: { actions: ['states:StartExecution'], resources: [stateMachineArn] },
    ...exceptions,
  } satisfies Record<string, Statement>;
  const useConnections = [may.readConnections, may.writeConnections];
  /** What takes a notice to its owner; of the channels only those that somebody has. */
  const reachOwners: readonly Statement[] = [
    may.sendMail,
    may.tellOperators,
    may.start,
    ...(owners.some(({ phone }) => phone !== undefined)
      ? [may.sendSms, may.seeWhoIsTexted, may.textThroughSns]
      : []),
    ...(owners.some((owner) => postedChannelNames.some((name) => owner[name] !== undefined))
      ? [may.readWebhooks]
      : []),
  ];
  const variables = {
    table: { TABLE_NAME: storage.tableName },
    messages: { ...email.environment, OPERATOR_TOPIC_ARN: alerts.topicArn },
    secrets: { SECRET_PREFIX: secretPrefix },
    workflow: { STATE_MACHINE_ARN: stateMachineArn },
  };

  const lambdaFunction = (
    functionName: FunctionName,
    description: string,
    timeoutSeconds: number,
    environment: Record<string, pulumi.Input<string>>,
    permissions: readonly Statement[],
  ) =>
    new LambdaFunction(functionName, {
      functionName,
      prefix,
      description,
      timeoutSeconds,
      environment: { POWERTOOLS_SERVICE_NAME: prefix, ...environment },
      permissions,
      logRetentionDays,
    });
  const checkGrant = lambdaFunction(
    'check-grant',
    'Looks at one grant and decides what to do.',
    stepTimeoutSeconds,
    variables.table,
    [...useConnections, may.queryConnections, may.readClients],
  );
  const refreshTokens = lambdaFunction(
    'refresh-tokens',
    'Spends a refresh token once and stores what comes back.',
    tokenFunctionSeconds,
    { ...variables.table, ...variables.secrets, ...variables.workflow },
    [...useConnections, may.queryConnections, may.readClients, may.keepTokens, may.resume, may.start],
  );
  const notifyOwner = lambdaFunction(
    'notify-owner',
    'Tells an owner that a grant nears its end, or is back.',
    stepTimeoutSeconds,
    { ...variables.table, ...variables.workflow, ...variables.messages },
    [...useConnections, may.queryConnections, may.resume, ...reachOwners],
  );
  const requestReauthorization = lambdaFunction(
    'request-reauthorization',
    'Asks an owner to log in, and attaches the execution that waits.',
    stepTimeoutSeconds,
    { ...variables.table, ...variables.workflow, ...variables.messages },
    [...useConnections, may.resume, ...reachOwners],
  );
  const disconnectGrant = lambdaFunction(
    'disconnect-grant',
    'Ends a grant: gives its tokens back to the provider and empties the secrets.',
    tokenFunctionSeconds,
    { ...variables.table, ...variables.secrets, ...variables.workflow },
    [...useConnections, may.queryConnections, may.readClients, may.emptySecrets, may.resume],
  );
  const reauthorize = lambdaFunction(
    'reauthorize',
    'The page behind the link, and the way to the provider.',
    pageTimeoutSeconds,
    { ...variables.table, ...variables.workflow },
    [...useConnections, may.readClients, may.start],
  );
  const callback = lambdaFunction(
    'callback',
    'The way back from the provider: exchanges the code and stores the tokens.',
    tokenFunctionSeconds,
    { ...variables.table, ...variables.secrets, ...variables.workflow },
    [...useConnections, may.readClients, may.keepTokens, may.resume, may.start],
  );

  const showPanel = lambdaFunction(
    'show-panel',
    'The pages of the panel: how every connection stands, and what happened.',
    pageTimeoutSeconds,
    variables.table,
    [may.readManyConnections, may.queryConnections, may.readVisitors, may.noteVisits],
  );
  const takeAction = lambdaFunction(
    'take-action',
    "What the panel's buttons do: records who asked, and starts executions.",
    pageTimeoutSeconds,
    { ...variables.table, ...variables.workflow },
    [...useConnections, may.start, may.readVisitors, may.noteVisits],
  );
  const signIn = lambdaFunction(
    'sign-in',
    'Links to sign in to the panel, and its sessions.',
    pageTimeoutSeconds,
    { ...variables.table, ...email.environment },
    [
      may.readPeople,
      may.keepSessions,
      email.permissionTo(people.map(({ email: address }) => identityArn(address))),
    ],
  );

  const keepers = {
    checkGrant,
    refreshTokens,
    notifyOwner,
    requestReauthorization,
    disconnectGrant,
    reauthorize,
    callback,
  };
  // Those of the panel read no secret: whoever has their role and does is told of like anybody else.
  const roleArns = Object.values(keepers).map(({ roleArn }) => roleArn);

  const browsers = browsersOf(config, {
    place,
    prefix,
    accountId,
    tableName: storage.tableName,
    keeper: (permissions, environment) =>
      lambdaFunction(
        'request-browser-login',
        'Sends a browser that logs in, before the owner is bothered.',
        browserTimeoutSeconds,
        { ...variables.table, OPERATOR_TOPIC_ARN: alerts.topicArn, ...environment },
        [...useConnections, may.queryConnections, may.tellOperators, ...permissions],
      ),
  });

  const consoleUrl = pulumi.interpolate`${place.console}/states/home?region=${place.region}#`;
  const executionUrl = config.executionUrl ?? pulumi.interpolate`${consoleUrl}/v2/executions/details/`;
  const workflow = new Workflow('workflow', {
    stateMachineName,
    partition: place.partition,
    accountId,
    executionUrl,
    functionArns: {
      CheckGrant: checkGrant.arn,
      RefreshTokens: refreshTokens.arn,
      NotifyOwner: notifyOwner.arn,
      RequestReauthorization: requestReauthorization.arn,
      DisconnectGrant: disconnectGrant.arn,
    },
    table: storage,
    operatorTopicArn: alerts.topicArn,
    logRetentionDays,
    browserLogin: browsers && { functionArn: browsers.sender.arn, connectionIds: browsers.connectionIds },
  });
  alerts.tellOf('executions-that-failed', failedExecutions(workflow.stateMachineArn));
  alerts.tellOf('mail-not-delivered', undeliveredMail(prefix));
  const secretArn = (name: string) => place.arn('secretsmanager', `secret:${name}`);
  if (config.cloudTrail !== 'none') {
    alerts.tellOf('secrets-read', foreignReads(secretPrefix, secretArn, roleArns));
  }
  if (config.cloudTrail !== 'none' && browsers) {
    const browserSecretPrefix = browserSecretPrefixOf(pulumi.getStack());
    alerts.tellOf(
      'passwords-read',
      foreignBrowserSecretReads(browserSecretPrefix, secretArn, place.roleArn(`${prefix}-browser-login-`)),
    );
  }
  if (config.cloudTrail === 'create') {
    new AuditTrail('audit-trail', {
      prefix,
      accountId,
      trailArn: place.arn('cloudtrail', `trail/${prefix}-trail`),
      keepDays: 400,
      found: existing.trailBucket,
    });
  }

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
        routeKeys: { get: `GET ${link}`, post: `POST ${link}` },
        throttling: { rateLimit: 10, burstLimit: 3 },
      },
      {
        name: 'callback',
        target: callback,
        routeKeys: { get: 'GET /callback' },
        throttling: { rateLimit: 50, burstLimit: 10 },
      },
      {
        name: 'show-panel',
        target: showPanel,
        routeKeys: {
          home: 'GET /panel',
          connection: 'GET /panel/connections/{connectionId}',
          disconnect: 'GET /panel/connections/{connectionId}/disconnect',
          assets: 'GET /panel/assets/{file}',
        },
        throttling: { rateLimit: 20, burstLimit: 6 },
      },
      {
        name: 'take-action',
        target: takeAction,
        routeKeys: { post: 'POST /panel/connections/{connectionId}/{action}' },
        throttling: { rateLimit: 5, burstLimit: 3 },
      },
      {
        name: 'sign-in',
        target: signIn,
        routeKeys: {
          form: 'GET /panel/sign-in',
          ask: 'POST /panel/sign-in',
          link: 'GET /panel/sign-in/{secret}',
          begin: 'POST /panel/sign-in/{secret}',
          out: 'POST /panel/sign-out',
        },
        throttling: { rateLimit: 5, burstLimit: 3 },
      },
    ],
  });

  new StoredSettings<PanelSettings>('panel', {
    tableName: storage.tableName,
    pk: 'panel',
    settings: {
      publicUrl: api.publicUrl,
      executionUrl,
      people,
      connectionIds,
    },
  });

  const refreshes = new RefreshRequests('refresh-requests', {
    prefix,
    accountId,
    partition: place.partition,
    connectionIds,
    logRetentionDays,
    stateMachineArn: workflow.stateMachineArn,
  });
  const scheduling = new Scheduling('scheduling', {
    prefix,
    accountId,
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
          webhookSecretNames: namesOf(webhooks),
          publicUrl: api.publicUrl,
          callbackUrl: api.callbackUrl,
          tableName: storage.tableName,
          stateMachineArn: workflow.stateMachineArn,
          schedulerRoleArn: scheduling.roleArn,
          deadLetterQueueArn: scheduling.deadLetterQueueArn,
        }),
      ] as const,
  );

  const ticks = config.connections.map(({ providerData }) =>
    tickSeconds(providerData.accessTokenLifetimeSeconds),
  );
  const monitoring = new Monitoring('monitoring', {
    prefix,
    region: place.region,
    shortestTickSeconds: Math.min(...ticks),
    longestTickSeconds: Math.max(...ticks),
    stateMachineArn: workflow.stateMachineArn,
    // Those behind the panel fail as pages do: pages-failing has them.
    // Not the browsers' own functions: there may be any number of them, an alarm takes ten metrics, and the function that
    // sends them tells of each that fails or is turned away.
    functionNames: [...Object.values(keepers), ...(browsers ? [browsers.sender] : [])].map(
      ({ name }) => name,
    ),
    apiId: api.apiId,
    deadLetterQueueName: scheduling.deadLetterQueueName,
    operatorTopicArn: alerts.topicArn,
  });

  alerts.tellOf('alarms-ended', endedAlarms(monitoring.alarmNames));

  new StoredSettings<Deployment>('deployment', {
    tableName: storage.tableName,
    pk: 'deployment',
    settings: {
      stateMachineArn: workflow.stateMachineArn,
      operatorTopicArn: alerts.topicArn,
      operatorEmails: [...config.operators.emails],
      mailFrom: config.mail.from,
      mailIdentity: identityOf(config.mail),
      alarmNames: pulumi.all([...monitoring.alarmNames]),
      scheduleNames: pulumi.all(
        Object.fromEntries(connections.map(([id, { scheduleName }]) => [id, scheduleName])),
      ),
    },
  });

  return {
    /** For operators and viewers: how every connection stands. */
    panelUrl: pulumi.interpolate`${api.publicUrl}/panel`,
    /** Register exactly this with every provider. */
    callbackUrl: api.callbackUrl,
    /** To point the domain at (A or CNAME), where its DNS is not this program's. */
    callbackDomainTarget: api.domainTarget,
    stateMachineConsoleUrl: pulumi.interpolate`${consoleUrl}/statemachines/view/${workflow.stateMachineArn}`,
    stateMachineArn: workflow.stateMachineArn,
    dashboardConsoleUrl: pulumi.interpolate`${place.console}/cloudwatch/home?region=${place.region}#dashboards/dashboard/${monitoring.dashboardName}`,
    tableName: storage.tableName,
    operatorTopicArn: alerts.topicArn,
    /** To be put into the DNS of the mail domain, so that SES may send from it. */
    mailDnsRecords: email.dnsRecords,
    clientSecretNames: namesOf(clients),
    webhookSecretNames: namesOf(webhooks),
    tokenSecretNames: Object.fromEntries(connections.map(([id, { secretNames }]) => [id, secretNames])),
    /** By connection: the policy that a role needs to use its access token. */
    consumerPolicies: Object.fromEntries(
      config.connections.map(({ connectionId }) => {
        const read = {
          actions: ['secretsmanager:GetSecretValue'],
          resources: [secrets(`${connectionId}/access`)],
        };
        const ask = {
          actions: ['states:StartExecution'],
          resources: [refreshes.stateMachineArns[connectionId]!],
        };
        return [connectionId, policyDocument([read, ask])];
      }),
    ),
  };
}

interface BrowsersArgs {
  readonly place: ReturnType<typeof placeOf>;
  readonly prefix: string;
  readonly accountId: pulumi.Output<string>;
  readonly tableName: pulumi.Output<string>;
  /** Makes the function that sends them. */
  readonly keeper: (
    permissions: readonly Statement[],
    environment: Record<string, pulumi.Input<string>>,
  ) => LambdaFunction;
}

/** What browsers that log in need; undefined, and nothing is made, where no connection opts in. */
function browsersOf(config: GrantkeeperConfig, { keeper, place, ...args }: BrowsersArgs) {
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
        ...args,
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
  const sender = keeper(
    [
      { actions: ['lambda:InvokeFunction'], resources: logins.map(({ functionArn }) => functionArn) },
      {
        actions: ['s3:PutObject'],
        resources: [pulumi.interpolate`${browserRuntime.bucketArn}/screenshots/*`],
      },
    ],
    {
      SCREENSHOT_BUCKET: browserRuntime.bucketName,
      SCREENSHOT_URL:
        config.browserLogin.screenshotUrl ??
        pulumi.interpolate`${place.console}/s3/object/${browserRuntime.bucketName}?region=${region}&prefix=`,
    },
  );
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

/** Who may sign in to the panel. */
function peopleOf({ operators, viewers }: GrantkeeperConfig): Person[] {
  return [
    ...operators.emails.map((email) => ({ email, role: 'operator' }) as const),
    ...viewers.emails.map((email) => ({ email, role: 'viewer' }) as const),
  ];
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

/** One secret for each channel that posts to a service, empty until the operator puts its address in. */
function webhookSecrets(
  secretPrefix: string,
  config: GrantkeeperConfig,
  found: FoundSecrets,
): Readonly<Record<string, Secret>> {
  const named = config.connections.flatMap(({ owner }) =>
    postedChannelNames.flatMap((channel) => {
      const name = owner[channel];
      return name === undefined ? [] : [[name, postedChannels[channel]] as const];
    }),
  );
  return Object.fromEntries(
    [...new Map(named)].map(([name, { secretHolds, secretExample }]) => [
      name,
      keptSecret(`webhook-${name}`, {
        name: `${secretPrefix}/webhook/${name}`,
        description: `Holds the ${secretHolds} (${secretExample}). Put there by the operator.`,
        found,
      }),
    ]),
  );
}

function namesOf(secrets: Readonly<Record<string, Secret>>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.name]));
}

/** Where this is deployed. Names that two resources need of each other are made of it beforehand. */
function placeOf() {
  const { accountId } = getCallerIdentityOutput();
  const { region } = getRegionOutput();
  const { partition } = getPartitionOutput();
  return {
    accountId,
    region,
    partition,
    console: pulumi.all([partition, region]).apply((names) => consoleOrigin(...names)),
    allTopics: pulumi.interpolate`arn:${partition}:sns:*:*:*`,
    roleArn: (name: string) => pulumi.interpolate`arn:${partition}:iam::${accountId}:role/${name}`,
    arn: (service: string, resource: string) =>
      pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`,
  };
}
