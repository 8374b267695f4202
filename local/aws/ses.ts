/**
 * SES v2: simple mails from registered identities, delivered to the inbox. It starts outside the sandbox. It puts the
 * events that a configuration set asks for on the event bus.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Inbox } from './inbox.ts';
import { AwsError, notSupported } from './errors.ts';
import { TableService } from './operations.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from './service.ts';
import { parseInput } from './validate.ts';

// Without a charset SES takes text for 7-bit ASCII.
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Content.html
const Content = z
  .strictObject({ Data: z.string(), Charset: z.enum(['UTF-8', 'utf-8', 'US-ASCII', 'us-ascii']).optional() })
  .refine(
    ({ Data, Charset }) => Charset?.toUpperCase() === 'UTF-8' || isAscii(Data),
    'Data has characters outside 7-bit ASCII, and Charset is not UTF-8',
  );

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
const TagText = z.string().regex(/^[A-Za-z0-9_.@-]{1,256}$/);

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
const SendEmailInput = z.strictObject({
  FromEmailAddress: z.string(),
  Destination: z.strictObject({ ToAddresses: z.array(z.string()).optional() }),
  ReplyToAddresses: z.array(z.string()).optional(),
  ConfigurationSetName: z.string().optional(),
  EmailTags: z
    .array(z.strictObject({ Name: TagText, Value: TagText }))
    .max(50)
    .optional(),
  Content: z.strictObject({
    Simple: z.strictObject({
      Subject: Content,
      Body: z.strictObject({ Text: Content.optional(), Html: Content.optional() }),
    }),
  }),
});

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html
const GetEmailIdentityInput = z.strictObject({ EmailIdentity: z.string().min(1) });

// https://docs.aws.amazon.com/ses/latest/dg/quotas.html
const maxRecipients = 50;

type SesEventType = (typeof fates)[keyof typeof fates]['type'];
/** Puts an event on the default bus. */
type Emit = (source: string, detailType: string, detail: Readonly<Record<string, unknown>>) => void;

interface SesPorts {
  readonly authorize: Authorize;
  readonly inbox: Inbox;
  readonly emit?: Emit;
}

/**
 * The events of accepted mails that bounced, or that the addressee reported as spam.
 * @see https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
 */
const fates = {
  /** The address is on the account's suppression list: SES accepts the mail and doesn't send it. */
  suppressed: {
    type: 'BOUNCE',
    detailType: 'Email Bounced',
    detail: {
      eventType: 'Bounce',
      bounce: { bounceType: 'Permanent', bounceSubType: 'OnAccountSuppressionList' },
    },
  },
  bounced: {
    type: 'BOUNCE',
    detailType: 'Email Bounced',
    detail: { eventType: 'Bounce', bounce: { bounceType: 'Permanent', bounceSubType: 'General' } },
  },
  complaint: {
    type: 'COMPLAINT',
    detailType: 'Email Complaint Received',
    detail: { eventType: 'Complaint', complaint: { complaintFeedbackType: 'abuse' } },
  },
  rejected: {
    type: 'REJECT',
    detailType: 'Email Rejected',
    detail: { eventType: 'Reject', reject: { reason: 'Bad content' } },
  },
} as const;

export class Ses implements AwsService {
  readonly #authorize: Authorize;
  readonly #inbox: Inbox;
  /** In the sandbox of a new account, mail goes to verified identities only. */
  isInSandbox = false;
  /** The value says whether the identity is verified. */
  readonly #identities = new Map<string, boolean>();
  /** The types of events that each sends to the bus. */
  readonly #configurationSets = new Map<string, ReadonlySet<SesEventType>>();
  readonly #fates = new Map<string, keyof typeof fates>();
  readonly #emit: Emit;
  readonly #table = new TableService('ses', [
    ['GetAccount', (_input, caller) => this.#account(caller)],
    ['GetEmailIdentity', (input, caller) => this.#emailIdentity(input, caller)],
    ['SendEmail', (input, caller) => this.#sendEmail(input, caller)],
  ]);

  constructor({ authorize, inbox, emit = () => undefined }: SesPorts) {
    this.#authorize = authorize;
    this.#inbox = inbox;
    this.#emit = emit;
  }

  /** Decides what happens to every mail to an address from now on. */
  decideFate(address: string, fate: keyof typeof fates | 'delivered'): void {
    if (fate === 'delivered') this.#fates.delete(address);
    else this.#fates.set(address, fate);
  }

  /**
   * Sends events of a configuration set to the default bus.
   * @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSetEventDestination.html
   */
  addEventDestination(configurationSet: string, types: readonly string[]): void {
    if (!this.#configurationSets.has(configurationSet)) {
      throw badRequest(`Configuration set <${configurationSet}> does not exist.`);
    }
    const known = Object.values(fates).map(({ type }) => type);
    const unknown = types.find((type) => !known.some((each) => each === type));
    if (unknown !== undefined) throw notSupported(`the SES event type ${unknown}`);
    this.#configurationSets.set(configurationSet, new Set(types as SesEventType[]));
  }

  /** Registers an address or domain, by default a verified one. @returns its ARN */
  addIdentity(identity: string, isVerified = true): string {
    this.#identities.set(identity.toLowerCase(), isVerified);
    return identityArn(identity);
  }

  /** @returns its ARN */
  addConfigurationSet(name: string): string {
    // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw badRequest(`Invalid configuration set name <${name}>.`);
    this.#configurationSets.set(name, new Set());
    return configurationSetArn(name);
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.#table.call(operation, input, caller);
  }

  #sendEmail(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const email = parseInput('ses:SendEmail', SendEmailInput, input, 'BadRequestException');
    const from = addressOf(email.FromEmailAddress);
    const identity = this.#identityOf(from);
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    this.#authorize(caller, 'ses:SendEmail', identityArn(identity ?? from));
    // A new account is in the sandbox, where SES also checks the recipients' identities.
    for (const to of email.Destination.ToAddresses ?? []) {
      this.#authorize(caller, 'ses:SendEmail', identityArn(addressOf(to)));
    }
    if (email.ConfigurationSetName !== undefined) {
      this.#authorize(caller, 'ses:SendEmail', configurationSetArn(email.ConfigurationSetName));
      if (!this.#configurationSets.has(email.ConfigurationSetName)) {
        throw new AwsError(
          'NotFoundException',
          `Configuration set <${email.ConfigurationSetName}> does not exist.`,
          404,
        );
      }
    }
    const recipients = email.Destination.ToAddresses ?? [];
    const checked = this.isInSandbox ? [email.FromEmailAddress, ...recipients] : [email.FromEmailAddress];
    const unverified = checked.filter((mailbox) => !this.#isVerified(addressOf(mailbox)));
    if (unverified.length > 0) {
      // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
      throw new AwsError(
        'MessageRejected',
        `Email address is not verified. The following identities failed the check in region ${region.toUpperCase()}: ${unverified.join(', ')}`,
      );
    }

    if (recipients.length === 0) throw badRequest("Missing required header 'To'.");
    if (recipients.length > maxRecipients) throw badRequest(`Recipient count exceeds ${maxRecipients}.`);
    for (const address of [...recipients, ...(email.ReplyToAddresses ?? [])]) addressOf(address);

    const { Subject, Body } = email.Content.Simple;
    if (/[\r\n]/.test(Subject.Data)) throw badRequest('Subject must not contain line breaks.');
    if (!Body.Text && !Body.Html) throw badRequest('Body must contain Text or Html.');

    const fate = recipients.map((to) => this.#fates.get(addressOf(to))).find((found) => found !== undefined);
    if (fate === undefined || fate === 'complaint') {
      this.#inbox.add({
        channel: 'email',
        to: recipients.join(', '),
        subject: Subject.Data,
        text: Body.Text?.Data ?? '',
        ...(Body.Html && { html: Body.Html.Data }),
      });
    }
    const messageId = `${randomBytes(8).toString('hex')}-${randomUUID()}-000000`;
    if (fate !== undefined) this.#tell(fate, email, messageId);
    return { MessageId: messageId };
  }

  /** @see https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
  #tell(fate: keyof typeof fates, email: z.output<typeof SendEmailInput>, messageId: string): void {
    const { type, detailType, detail } = fates[fate];
    const set = email.ConfigurationSetName;
    if (set === undefined || !this.#configurationSets.get(set)?.has(type)) return;
    const tags = (email.EmailTags ?? []).map(({ Name, Value }) => [Name, [Value]] as const);
    this.#emit('aws.ses', detailType, {
      ...detail,
      mail: {
        messageId,
        source: email.FromEmailAddress,
        destination: email.Destination.ToAddresses,
        tags: { 'ses:configuration-set': [set], ...Object.fromEntries(tags) },
      },
    });
  }

  /**
   * The most specific identity: the address itself, its domain, or a parent domain.
   * @see https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
   */
  #identityOf(address: string): string | undefined {
    const domain = address.slice(address.lastIndexOf('@') + 1).split('.');
    const candidates = [address, ...domain.map((_, index) => domain.slice(index).join('.'))];
    return candidates.find((candidate) => this.#identities.has(candidate.toLowerCase()));
  }

  #isVerified(address: string): boolean {
    return this.#identities.get(this.#identityOf(address)?.toLowerCase() ?? '') ?? false;
  }

  /** @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html */
  #account(caller: Caller): Record<string, unknown> {
    this.#authorize(caller, 'ses:GetAccount', '*');
    return {
      ProductionAccessEnabled: !this.isInSandbox,
      SendingEnabled: true,
      EnforcementStatus: 'HEALTHY',
      SendQuota: { Max24HourSend: this.isInSandbox ? 200 : 50_000, MaxSendRate: 1, SentLast24Hours: 0 },
    };
  }

  #emailIdentity(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const { EmailIdentity: identity } = parseInput(
      'ses:GetEmailIdentity',
      GetEmailIdentityInput,
      input,
      'BadRequestException',
    );
    this.#authorize(caller, 'ses:GetEmailIdentity', identityArn(identity));
    const isVerified = this.#identities.get(identity.toLowerCase());
    if (isVerified === undefined)
      throw new AwsError('NotFoundException', `Email identity ${identity} does not exist.`, 404);
    return {
      IdentityType: identity.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN',
      VerifiedForSendingStatus: isVerified,
      VerificationStatus: isVerified ? 'SUCCESS' : 'PENDING',
    };
  }
}

/** The bare address of `address` or `Name <address>`. @throws {AwsError} `BadRequestException` */
function addressOf(mailbox: string): string {
  const address = /^[^<>\r\n]*<([^<>]+)>$/.exec(mailbox)?.[1] ?? mailbox;
  // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html: 7-bit ASCII, at most 320 characters
  if (mailbox.length > 320 || !isAscii(mailbox) || !z.email().safeParse(address).success) {
    throw badRequest(`Illegal address: ${mailbox}`);
  }
  return address;
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function identityArn(identity: string): string {
  return `arn:aws:ses:${region}:${accountId}:identity/${identity}`;
}

function configurationSetArn(name: string): string {
  return `arn:aws:ses:${region}:${accountId}:configuration-set/${name}`;
}

function badRequest(message: string): AwsError {
  return new AwsError('BadRequestException', message);
}
