import {
  ConfigurationSet,
  ConfigurationSetEventDestination,
  EmailIdentity,
} from '@pulumi/aws/sesv2/index.js';
import * as pulumi from '@pulumi/pulumi';

import { kept } from '../kept.ts';
import type { GrantkeeperConfig } from '../config.ts';
import type { Statement } from '../permissions.ts';
import type { WatchedEvent } from './operator-alerts.ts';

export interface EmailArgs {
  readonly prefix: string;
  readonly mail: GrantkeeperConfig['mail'];
  /** Name of the sender's identity, where SES has it already: other stacks may send by it. */
  readonly found: string | undefined;
  readonly identityArn: (identity: string) => pulumi.Input<string>;
  /** Of the account's own bus: SES sends its events to no other. */
  readonly eventBusArn: pulumi.Input<string>;
}

/** One record for the operator to put into the DNS of the sender's domain. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'CNAME';
  readonly value: string;
}

/** Address or domain to verify with SES. */
export const identityOf = ({ from, identity = from }: GrantkeeperConfig['mail']) => identity;

/**
 * Identities that take precedence over the configured one if the account has them: SES checks the permission for the most
 * specific one, the address before its domain, and that before its parents.
 * @see https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
 */
function moreSpecific({ from }: GrantkeeperConfig['mail'], identity: string): string[] {
  const domain = from.slice(from.indexOf('@') + 1).split('.');
  const candidates = [from, ...domain.map((_, index) => domain.slice(index).join('.'))];
  return candidates.slice(0, candidates.indexOf(identity));
}

/** The sender's identity, and the configuration set that every mail goes through. */
export class Email extends pulumi.ComponentResource {
  readonly environment: Record<'MAIL_FROM' | 'MAIL_CONFIGURATION_SET', pulumi.Input<string>>;
  readonly #senderArns: readonly pulumi.Input<string>[];
  /** What proves a domain to SES (Easy DKIM); none for an address, which gets a mail. */
  readonly dnsRecords: pulumi.Output<DnsRecord[]>;

  constructor(name: string, args: EmailArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Email', name, {}, opts);
    const parent = { parent: this };
    const configurationSet = new ConfigurationSet(
      `${name}-configuration-set`,
      {
        configurationSetName: args.prefix,
        reputationOptions: { reputationMetricsEnabled: true },
        deliveryOptions: { tlsPolicy: 'REQUIRE' },
      },
      parent,
    );
    // Neither opens nor clicks: SES would put its own address in place of the link.
    new ConfigurationSetEventDestination(
      `${name}-events`,
      {
        configurationSetName: configurationSet.configurationSetName,
        eventDestinationName: 'event-bus',
        eventDestination: {
          enabled: true,
          matchingEventTypes: ['BOUNCE', 'COMPLAINT', 'REJECT'],
          eventBridgeDestination: { eventBusArn: args.eventBusArn },
        },
      },
      parent,
    );
    const emailIdentity = identityOf(args.mail);
    const identity = new EmailIdentity(
      `${name}-identity`,
      { emailIdentity },
      { ...parent, ...kept(args.found, ['configurationSetName', 'dkimSigningAttributes', 'tags']) },
    );
    this.environment = {
      MAIL_FROM: args.mail.from,
      MAIL_CONFIGURATION_SET: configurationSet.configurationSetName,
    };
    // SES asks for both: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    this.#senderArns = [
      identity.arn,
      ...moreSpecific(args.mail, emailIdentity).map(args.identityArn),
      configurationSet.arn,
    ];
    // https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
    this.dnsRecords = identity.dkimSigningAttributes.apply(({ tokens }) =>
      emailIdentity.includes('@')
        ? []
        : tokens.map((token) => ({
            name: `${token}._domainkey.${emailIdentity}`,
            type: 'CNAME' as const,
            value: `${token}.dkim.amazonses.com`,
          })),
    );
    this.registerOutputs({});
  }

  /** @param recipientArns the recipients' own identities: in its sandbox SES checks the permission for these too */
  permissionTo(recipientArns: readonly pulumi.Input<string>[]): Statement {
    return { actions: ['ses:SendEmail'], resources: [...this.#senderArns, ...recipientArns] };
  }
}

/**
 * Mails that SES took and that reached nobody: a bounce (an address on the suppression list bounces at once), a
 * complaint, a rejection.
 * @see https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
 */
export function undeliveredMail(prefix: string): WatchedEvent {
  return {
    description: 'Mails that bounced, were complained of, or were rejected.',
    pattern: {
      source: ['aws.ses'],
      'detail-type': ['Email Bounced', 'Email Complaint Received', 'Email Rejected'],
      detail: { mail: { tags: { 'ses:configuration-set': [prefix] } } },
    },
    paths: {
      what: '$.detail-type',
      connection: '$.detail.mail.tags.connection[0]',
      why: '$.detail.bounce.bounceSubType',
    },
    message:
      'Grantkeeper: <what> (<why>): a notice did not reach the owner of <connection> by mail. Compare the address in the configuration with the real one, and look for it in the suppression list of SES. Reach the owner by another channel meanwhile; once it is mended, grantkeeper reauthorize sends a new link.',
  };
}
