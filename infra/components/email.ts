import { ConfigurationSet, EmailIdentity } from '@pulumi/aws/sesv2/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { Statement } from '../policy.ts';

export interface EmailArgs {
  readonly prefix: string;
  /** Address that notices come from. */
  readonly from: string;
  /** Address or domain to verify with SES. */
  readonly identity: string;
  /** ARNs of the recipients' own identities: in its sandbox SES checks the permission for these too. */
  readonly recipientArns: readonly pulumi.Input<string>[];
}

/** One record for the operator to put into the DNS of the sender's domain. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'CNAME';
  readonly value: string;
}

/** The sender's identity, and the configuration set that every mail goes through. */
export class Email extends pulumi.ComponentResource {
  readonly environment: Record<string, pulumi.Input<string>>;
  readonly permission: Statement;
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
    const identity = new EmailIdentity(`${name}-identity`, { emailIdentity: args.identity }, parent);
    this.environment = {
      MAIL_FROM: args.from,
      MAIL_CONFIGURATION_SET: configurationSet.configurationSetName,
    };
    // SES asks for both: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    this.permission = {
      actions: ['ses:SendEmail'],
      resources: [identity.arn, configurationSet.arn, ...args.recipientArns],
    };
    // https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
    this.dnsRecords = identity.dkimSigningAttributes.apply(({ tokens }) =>
      args.identity.includes('@')
        ? []
        : tokens.map((token) => ({
            name: `${token}._domainkey.${args.identity}`,
            type: 'CNAME' as const,
            value: `${token}.dkim.amazonses.com`,
          })),
    );
    this.registerOutputs({});
  }
}
