import { TableItem } from '@pulumi/aws/dynamodb/index.js';
import { Schedule } from '@pulumi/aws/scheduler/index.js';
import * as pulumi from '@pulumi/pulumi';

import { forEachPosted } from '../../core/channel.ts';
import { tickSeconds } from '../../core/settings.ts';
import type { Settings } from '../../core/settings.ts';
import type { ConnectionConfig } from '../config.ts';
import type { FoundSecrets } from '../secrets.ts';
import { keptSecret } from '../secrets.ts';

export interface ConnectionArgs {
  readonly prefix: string;
  readonly secretPrefix: string;
  readonly found: FoundSecrets;
  readonly config: ConnectionConfig;
  readonly clientSecretName: pulumi.Output<string>;
  /** By the webhooks' names in the configuration. */
  readonly webhookSecretNames: Readonly<Record<string, pulumi.Output<string>>>;
  readonly publicUrl: pulumi.Input<string>;
  readonly callbackUrl: pulumi.Input<string>;
  readonly tableName: pulumi.Output<string>;
  readonly stateMachineArn: pulumi.Output<string>;
  readonly schedulerRoleArn: pulumi.Output<string>;
  readonly deadLetterQueueArn: pulumi.Output<string>;
}

/** One grant to keep: its two secrets, its settings in the table, its schedule. */
export class Connection extends pulumi.ComponentResource {
  readonly scheduleName: pulumi.Output<string>;
  readonly secretNames: { readonly grant: pulumi.Output<string>; readonly access: pulumi.Output<string> };

  constructor(name: string, args: ConnectionArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Connection', name, {}, opts);
    const parent = { parent: this };
    const { connectionId, providerData } = args.config;
    const secret = (kind: 'grant' | 'access', description: string) =>
      keptSecret(
        `${name}-${kind}`,
        { name: `${args.secretPrefix}/${connectionId}/${kind}`, description, found: args.found },
        parent,
      );
    const grant = secret('grant', `Refresh token of ${connectionId}. Only Grantkeeper reads it.`);
    const access = secret('access', `Access token of ${connectionId}, for those who use it.`);
    const settings = new TableItem(
      `${name}-settings`,
      {
        tableName: args.tableName,
        hashKey: 'pk',
        rangeKey: 'sk',
        item: pulumi.jsonStringify({
          pk: { S: `settings#${connectionId}` },
          sk: { S: 'settings' },
          settings: { S: settingsOf(args) },
        }),
      },
      parent,
    );
    const schedule = new Schedule(
      `${name}-schedule`,
      {
        name: `${args.prefix}-${connectionId}`,
        description: `Checks the grant of ${connectionId}.`,
        scheduleExpression: `rate(${tickSeconds(providerData.accessTokenLifetimeSeconds) / 60} minutes)`,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          // A state machine as templated target: Scheduler calls StartExecution.
          // https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
          arn: args.stateMachineArn,
          roleArn: args.schedulerRoleArn,
          input: JSON.stringify({
            connectionId,
            trigger: 'schedule',
            scheduledTime: '<aws.scheduler.scheduled-time>',
          }),
          // Given up before the next tick, the shortest of which is 20 minutes: that one asks the same.
          retryPolicy: { maximumEventAgeInSeconds: 900, maximumRetryAttempts: 10 },
          deadLetterConfig: { arn: args.deadLetterQueueArn },
        },
      },
      { ...parent, dependsOn: [settings, grant, access] },
    );
    this.scheduleName = schedule.name;
    this.secretNames = { grant: grant.name, access: access.name };
    this.registerOutputs({ secretNames: this.secretNames });
  }
}

/** The settings as the functions read them. */
function settingsOf(args: ConnectionArgs): pulumi.Output<string> {
  const { config, clientSecretName, publicUrl, callbackUrl } = args;
  const settings: { [K in keyof Settings]: pulumi.Input<Settings[K]> } = {
    connectionId: config.connectionId,
    provider: config.providerData,
    owner: ownerOf(args),
    clientSecretName,
    redirectUri: callbackUrl,
    publicUrl,
    reminders: config.reminders,
    neededHours: config.neededHours,
    quietHours: config.quietHours,
    paused: config.paused,
    ...(config.browserLogin && { hasBrowser: true }),
  };
  return pulumi.jsonStringify(settings);
}

/** The functions know where a channel leads by its secret's name. */
function ownerOf({
  config: { owner },
  webhookSecretNames,
}: ConnectionArgs): pulumi.Output<Settings['owner']> {
  const secretNameOf = (name = '') => webhookSecretNames[name];
  const secretNames = pulumi.output(forEachPosted((channel) => secretNameOf(owner[channel])));
  return secretNames.apply((names) => ({ ...owner, ...names }));
}
