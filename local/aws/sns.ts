/** SNS: topics that deliver to the inbox. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Inbox } from '../inbox.ts';
import { AwsError, notPlayed } from './errors.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from './service.ts';
import { parseInput } from './validate.ts';

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const PublishInput = z.strictObject({
  TopicArn: z.string(),
  Message: z.string(),
  Subject: z.string().optional(),
});
const maxMessageBytes = 256 * 1024;
// ASCII, no control characters, beginning with a letter, number or punctuation mark.
const subjectPattern = /^[\x21-\x7e][\x20-\x7e]{0,99}$/;
// What SNS writes over a mail without a subject.
const defaultSubject = 'AWS Notification Message';

export class Sns implements AwsService {
  readonly #authorize: Authorize;
  readonly #inbox: Inbox;
  readonly #topics = new Map<string, string>();

  constructor({ authorize, inbox }: { authorize: Authorize; inbox: Inbox }) {
    this.#authorize = authorize;
    this.#inbox = inbox;
  }

  /** Registers a standard topic. @returns its ARN; the same one when the topic exists already */
  createTopic(name: string): string {
    // https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) {
      if (name.endsWith('.fifo')) throw notPlayed('SNS FIFO topics');
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
    if (operation !== 'Publish') throw notPlayed(`sns:${operation}`);
    const { TopicArn, Message, Subject } = parseInput('sns:Publish', PublishInput, input, 'InvalidParameter');
    if (!TopicArn.startsWith('arn:aws:sns:')) throw invalidParameter('TopicArn');
    // SNS spells its own name in capitals when it refuses; actions are compared without regard to case.
    this.#authorize(caller, 'SNS:Publish', TopicArn);
    const name = this.#topics.get(TopicArn);
    if (name === undefined) throw new AwsError('NotFound', 'Topic does not exist', 404);

    if (Message === '') throw new AwsError('InvalidParameter', 'Invalid parameter: Empty message');
    if (Buffer.byteLength(Message) > maxMessageBytes) {
      throw new AwsError('InvalidParameter', 'Invalid parameter: Message too long');
    }
    if (Subject !== undefined && !subjectPattern.test(Subject)) throw invalidParameter('Subject');

    this.#inbox.add({ channel: 'topic', to: name, subject: Subject ?? defaultSubject, text: Message });
    return { MessageId: randomUUID() };
  }
}

function invalidParameter(name: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${name}`);
}
