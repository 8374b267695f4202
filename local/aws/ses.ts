/** SES v2: simple mails from registered identities, delivered to the inbox. Production access; no sandbox. */
import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Inbox } from '../inbox.ts';
import { AwsError, notPlayed } from './errors.ts';
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

// https://docs.aws.amazon.com/ses/latest/dg/quotas.html
const maxRecipients = 50;

export class Ses implements AwsService {
  readonly #authorize: Authorize;
  readonly #inbox: Inbox;
  readonly #identities = new Set<string>();
  readonly #configurationSets = new Set<string>();

  constructor({ authorize, inbox }: { authorize: Authorize; inbox: Inbox }) {
    this.#authorize = authorize;
    this.#inbox = inbox;
  }

  /** Registers a verified address or domain. @returns its ARN */
  addIdentity(identity: string): string {
    this.#identities.add(identity.toLowerCase());
    return identityArn(identity);
  }

  /** @returns its ARN */
  addConfigurationSet(name: string): string {
    // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw badRequest(`Invalid configuration set name <${name}>.`);
    this.#configurationSets.add(name);
    return configurationSetArn(name);
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (operation !== 'SendEmail') throw notPlayed(`ses:${operation}`);
    const email = parseInput('ses:SendEmail', SendEmailInput, input, 'BadRequestException');
    const from = addressOf(email.FromEmailAddress);
    const identity = this.#identityOf(from);
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    this.#authorize(caller, 'ses:SendEmail', identityArn(identity ?? from));
    // A new account is in the sandbox, where the recipients' own identities are checked as well.
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
    if (identity === undefined) {
      // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
      throw new AwsError(
        'MessageRejected',
        `Email address is not verified. The following identities failed the check in region ${region.toUpperCase()}: ${email.FromEmailAddress}`,
      );
    }

    const recipients = email.Destination.ToAddresses ?? [];
    if (recipients.length === 0) throw badRequest("Missing required header 'To'.");
    if (recipients.length > maxRecipients) throw badRequest(`Recipient count exceeds ${maxRecipients}.`);
    for (const address of [...recipients, ...(email.ReplyToAddresses ?? [])]) addressOf(address);

    const { Subject, Body } = email.Content.Simple;
    if (/[\r\n]/.test(Subject.Data)) throw badRequest('Subject must not contain line breaks.');
    if (!Body.Text && !Body.Html) throw badRequest('Body must contain Text or Html.');

    this.#inbox.add({
      channel: 'email',
      to: recipients.join(', '),
      subject: Subject.Data,
      text: Body.Text?.Data ?? '',
      ...(Body.Html && { html: Body.Html.Data }),
    });
    return { MessageId: `${randomBytes(8).toString('hex')}-${randomUUID()}-000000` };
  }

  /**
   * The address itself, or its domain or a parent of that; the most specific one.
   * @see https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
   */
  #identityOf(address: string): string | undefined {
    const domain = address.slice(address.lastIndexOf('@') + 1).split('.');
    const candidates = [address, ...domain.map((_, index) => domain.slice(index).join('.'))];
    return candidates.find((candidate) => this.#identities.has(candidate.toLowerCase()));
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
