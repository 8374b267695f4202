/**
 * SNS: topics and text messages that arrive in the inbox. It starts outside the SMS sandbox and within the month's
 * spending limit.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Inbox } from './inbox.ts';
import { AwsError, notSupported } from './errors.ts';
import { TableService, type Operation, type Output } from './operations.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from './service.ts';
import { parseInput } from './validate.ts';

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const PublishInput = z.strictObject({
  TopicArn: z.string().optional(),
  PhoneNumber: z.string().optional(),
  Message: z.string(),
  Subject: z.string().optional(),
  // https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
  MessageAttributes: z
    .strictObject({
      'AWS.SNS.SMS.SMSType': z
        .strictObject({
          DataType: z.literal('String'),
          StringValue: z.enum(['Promotional', 'Transactional']),
        })
        .optional(),
    })
    .optional(),
});
// https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
const ListSubscriptionsByTopicInput = z.strictObject({ TopicArn: z.string() });
// https://docs.aws.amazon.com/sns/latest/api/API_CheckIfPhoneNumberIsOptedOut.html
const CheckIfPhoneNumberIsOptedOutInput = z.strictObject({ phoneNumber: z.string() });
const NoInput = z.strictObject({});
// E.164: https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
const phonePattern = /^\+[1-9]\d{6,14}$/;
// SNS splits longer texts: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const maxSmsCharacters = 1600;
const maxMessageBytes = 256 * 1024;
// ASCII, no control characters, beginning with a letter, number or punctuation mark.
const subjectPattern = /^[\x21-\x7e][\x20-\x7e]{0,99}$/;
// SNS's subject for a mail without one.
const defaultSubject = 'AWS Notification Message';

/**
 * Actions of End User Messaging that SNS calls on behalf of its caller, who needs permission for them, too.
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-sms-access-management.html
 */
const passedOn: Readonly<Record<string, string>> = {
  Publish: 'SendTextMessage',
  CheckIfPhoneNumberIsOptedOut: 'DescribeOptedOutNumbers',
  GetSMSSandboxAccountStatus: 'DescribeAccountAttributes',
  ListSMSSandboxPhoneNumbers: 'DescribeVerifiedDestinationNumbers',
  ListOriginationNumbers: 'DescribePhoneNumbers',
  GetSMSAttributes: 'DescribeSpendLimits',
};

export class Sns implements AwsService {
  readonly #authorize: Authorize;
  readonly #inbox: Inbox;
  readonly #topics = new Map<string, string>();
  readonly #optedOut = new Set<string>();
  readonly #subscriptions: { readonly topicArn: string; readonly email: string; isConfirmed: boolean }[] = [];
  /** In the sandbox of a new account, texts go to verified numbers only. Undefined outside it. */
  smsSandbox: readonly { readonly phoneNumber: string; readonly isVerified: boolean }[] | undefined;
  /** Numbers that the account sends text messages from, with their countries. */
  originationNumbers: readonly { readonly phoneNumber: string; readonly country: string }[] = [
    { phoneNumber: '+18005550100', country: 'US' },
  ];
  /** In dollars. */
  monthlySpendLimit = 1;
  readonly #table = new TableService('sns', [
    ['Publish', (input, caller) => this.#publish(input, caller)],
    ['ListSubscriptionsByTopic', (input, caller) => this.#listSubscriptions(input, caller)],
    ['CheckIfPhoneNumberIsOptedOut', (input, caller) => this.#checkOptedOut(input, caller)],
    this.#ofAccount('GetSMSSandboxAccountStatus', () => ({ IsInSandbox: this.smsSandbox !== undefined })),
    this.#ofAccount('ListSMSSandboxPhoneNumbers', () => ({
      PhoneNumbers: (this.smsSandbox ?? []).map(({ phoneNumber: PhoneNumber, isVerified }) => ({
        PhoneNumber,
        Status: isVerified ? 'Verified' : 'Pending',
      })),
    })),
    // https://docs.aws.amazon.com/sns/latest/api/API_ListOriginationNumbers.html
    this.#ofAccount('ListOriginationNumbers', () => ({
      PhoneNumbers: this.originationNumbers.map(({ phoneNumber: PhoneNumber, country }) => ({
        PhoneNumber,
        Status: 'ACTIVE',
        Iso2CountryCode: country,
        RouteType: 'Transactional',
        NumberCapabilities: ['SMS'],
      })),
    })),
    this.#ofAccount('GetSMSAttributes', () => ({
      attributes: new Map([['MonthlySpendLimit', String(this.monthlySpendLimit)]]),
    })),
  ]);

  constructor({ authorize, inbox }: { authorize: Authorize; inbox: Inbox }) {
    this.#authorize = authorize;
    this.#inbox = inbox;
  }

  /** Registers a standard topic. @returns its ARN; the same one when the topic exists already */
  createTopic(name: string): string {
    // https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
      if (name.endsWith('.fifo')) throw notSupported('SNS FIFO topics');
      throw invalidParameter('Topic Name');
    }
    const arn = `arn:aws:sns:${region}:${accountId}:${name}`;
    this.#topics.set(arn, name);
    return arn;
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.#table.call(operation, input, caller);
  }

  /** Adds a subscription, by default a confirmed one. @see https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html */
  subscribe(topicArn: string, email: string, isConfirmed = true): void {
    const known = this.#subscriptions.find((each) => each.topicArn === topicArn && each.email === email);
    if (known) known.isConfirmed = isConfirmed;
    else this.#subscriptions.push({ topicArn, email, isConfirmed });
  }

  #publish(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const publish = parseInput('sns:Publish', PublishInput, input, 'InvalidParameter');
    const { TopicArn, PhoneNumber, Message, Subject } = publish;
    if (Message === '') throw new AwsError('InvalidParameter', 'Invalid parameter: Empty message');
    if (PhoneNumber !== undefined && TopicArn === undefined) return this.#text(PhoneNumber, Message, caller);
    if (TopicArn === undefined || PhoneNumber !== undefined || !TopicArn.startsWith('arn:aws:sns:')) {
      throw invalidParameter('TopicArn');
    }
    if (publish.MessageAttributes) throw notSupported('message attributes of a topic');
    // SNS writes its own name in capitals in refusals; policies ignore case.
    this.#authorize(caller, 'SNS:Publish', TopicArn);
    const name = this.#topics.get(TopicArn);
    if (name === undefined) throw new AwsError('NotFound', 'Topic does not exist', 404);

    if (Buffer.byteLength(Message) > maxMessageBytes) {
      throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
    }
    if (Subject !== undefined && !subjectPattern.test(Subject)) throw invalidParameter('Subject');

    this.#inbox.add({ channel: 'topic', to: name, subject: Subject ?? defaultSubject, text: Message });
    return { MessageId: randomUUID() };
  }

  /** Like an answer STOP to a text message. */
  optOut(phoneNumber: string): void {
    this.#optedOut.add(phoneNumber);
  }

  /** Like an answer START. */
  optIn(phoneNumber: string): void {
    this.#optedOut.delete(phoneNumber);
  }

  #listSubscriptions(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const operation = 'sns:ListSubscriptionsByTopic';
    const given = parseInput(operation, ListSubscriptionsByTopicInput, input, 'InvalidParameter');
    this.#authorize(caller, 'SNS:ListSubscriptionsByTopic', given.TopicArn);
    if (!this.#topics.has(given.TopicArn)) throw new AwsError('NotFound', 'Topic does not exist', 404);
    const subscriptions = this.#subscriptions
      .map(({ topicArn: TopicArn, email: Endpoint, isConfirmed }, index) => ({
        // https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html
        SubscriptionArn: isConfirmed ? `${TopicArn}:${index}` : 'PendingConfirmation',
        Owner: accountId,
        Protocol: 'email',
        Endpoint,
        TopicArn,
      }))
      .filter(({ TopicArn }) => TopicArn === given.TopicArn);
    return { Subscriptions: subscriptions };
  }

  #checkOptedOut(input: Record<string, unknown>, caller: Caller): Record<string, unknown> {
    const { phoneNumber } = parseInput(
      'sns:CheckIfPhoneNumberIsOptedOut',
      CheckIfPhoneNumberIsOptedOutInput,
      input,
      'InvalidParameter',
    );
    this.#authorizeText(caller, 'CheckIfPhoneNumberIsOptedOut', '*');
    return { isOptedOut: this.#optedOut.has(phoneNumber) };
  }

  /** An operation without input, about the account. */
  #ofAccount(name: string, answer: () => Output): [string, Operation] {
    return [
      name,
      (input, caller) => {
        parseInput(`sns:${name}`, NoInput, input, 'InvalidParameter');
        this.#authorizeText(caller, name, '*');
        return answer();
      },
    ];
  }

  #authorizeText(caller: Caller, operation: string, resource: string): void {
    this.#authorize(caller, `SNS:${operation}`, resource);
    this.#authorize(caller, `sms-voice:${passedOn[operation]}`, '*', { calledVia: 'sns.amazonaws.com' });
  }

  #text(phoneNumber: string, message: string, caller: Caller): Record<string, unknown> {
    // A number has no ARN; policies name it as it is.
    this.#authorizeText(caller, 'Publish', phoneNumber);
    if (!phonePattern.test(phoneNumber)) {
      throw new AwsError(
        'InvalidParameter',
        `Invalid parameter: PhoneNumber Reason: ${phoneNumber} is not valid`,
      );
    }
    if (message.length > maxSmsCharacters) {
      throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
    }
    const isVerified = this.smsSandbox?.some((each) => each.phoneNumber === phoneNumber && each.isVerified);
    if (isVerified === false)
      throw notSupported('a text message to a number not verified in the SMS sandbox');
    // SNS accepts it, but no carrier delivers it.
    if (phoneNumber.startsWith('+1') && !this.originationNumbers.some(({ country }) => country === 'US'))
      return { MessageId: randomUUID() };
    if (this.#optedOut.has(phoneNumber)) {
      throw new AwsError('OptedOut', 'The phone number has opted out of receiving SMS messages');
    }
    this.#inbox.add({ channel: 'sms', to: phoneNumber, subject: 'Text message', text: message });
    return { MessageId: randomUUID() };
  }
}

function invalidParameter(name: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${name}`);
}
