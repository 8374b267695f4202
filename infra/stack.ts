import * as pulumi from '@pulumi/pulumi';

import type { Deployment } from '../core/deployment.ts';
import type { PanelSettings, Person } from '../core/panel.ts';
import { tickSeconds } from '../core/settings.ts';
import type { Found } from './adoption.ts';
import { browserLogin } from './browser-login/index.ts';
import { Connection } from './components/connection.ts';
import { Email, identityOf, undeliveredMail } from './components/email.ts';
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
import { functionsOf } from './functions.ts';
import { orphanedSecrets } from './orphaned-secrets.ts';
import { consumerPolicy, permissionsOf } from './permissions.ts';
import { placeOf } from './place.ts';
import { routesTo } from './routes.ts';
import type { FoundSecrets } from './secrets.ts';
import { browserSecretPrefixOf, clientSecrets, namesOf, secretPrefixOf, webhookSecrets } from './secrets.ts';
import { sharedClients } from './shared-clients.ts';

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
  const email = new Email('email', {
    prefix,
    mail: config.mail,
    found: existing.mailIdentity,
    identityArn: place.identityArn,
    eventBusArn: place.arn('events', 'event-bus/default'),
  });
  const people = peopleOf(config);
  const clients = clientSecrets(secretPrefix, config, found);
  const webhooks = webhookSecrets(secretPrefix, config, found);

  const permissions = permissionsOf({
    place,
    secretPrefix,
    tableArn: storage.tableArn,
    stateMachineArn,
    operatorTopicArn: alerts.topicArn,
    email,
    owners: config.connections.map(({ owner }) => owner),
    people,
  });
  const variables = {
    TABLE_NAME: storage.tableName,
    SECRET_PREFIX: secretPrefix,
    STATE_MACHINE_ARN: stateMachineArn,
    OPERATOR_TOPIC_ARN: alerts.topicArn,
    ...email.environment,
  };
  const functions = functionsOf({ prefix, logRetentionDays, permissions, variables });
  const { showPanel: _showPanel, takeAction: _takeAction, signIn: _signIn, ...grantFunctions } = functions;
  // The panel's functions read no secret, so a read by one of their roles is reported like anybody else's.
  const roleArns = Object.values(grantFunctions).map(({ roleArn }) => roleArn);
  const browsers = browserLogin(config, { place, prefix, accountId, permissions, variables });

  const consoleUrl = pulumi.interpolate`${place.console}/states/home?region=${place.region}#`;
  const executionUrl = config.executionUrl ?? pulumi.interpolate`${consoleUrl}/v2/executions/details/`;
  const workflow = new Workflow('workflow', {
    stateMachineName,
    partition: place.partition,
    accountId,
    executionUrl,
    functionArns: {
      CheckGrant: functions.checkGrant.arn,
      RefreshTokens: functions.refreshTokens.arn,
      NotifyOwner: functions.notifyOwner.arn,
      RequestReauthorization: functions.requestReauthorization.arn,
      DisconnectGrant: functions.disconnectGrant.arn,
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

  const api = new HttpApi('http-api', {
    prefix,
    domain: config.domain,
    logRetentionDays,
    routes: routesTo(functions),
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
    functionNames: [...Object.values(grantFunctions), ...(browsers ? [browsers.sender] : [])].map(
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
      connectionIds.map((id) => [
        id,
        consumerPolicy(place, secretPrefix, id, refreshes.stateMachineArns[id]!),
      ]),
    ),
  };
}

/** Who may sign in to the panel. */
function peopleOf({ operators, viewers }: GrantkeeperConfig): Person[] {
  return [
    ...operators.emails.map((email) => ({ email, role: 'operator' }) as const),
    ...viewers.emails.map((email) => ({ email, role: 'viewer' }) as const),
  ];
}
