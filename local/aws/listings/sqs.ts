/** SQS: the queues of the program, with what EventBridge Scheduler could not deliver. */
import { createHash } from 'node:crypto';
import * as z from 'zod';

import { AwsError } from '../errors.ts';
import { Count, definer, paged, TableService, Token, type Output } from '../operations.ts';
import { accountId, region, type Authorize } from '../service.ts';
import type { Clock } from '../clock.ts';
import type { DeadLetter } from '../scheduler.ts';
import type { Look } from './deployed.ts';

interface SqsPorts {
  readonly look: Look;
  readonly authorize: Authorize;
  readonly clock: Pick<Clock, 'now'>;
  readonly letters: readonly DeadLetter[];
  /** Where the embedded AWS listens: clients send requests to the URL of the queue. */
  readonly url: () => string;
}

const QueueUrl = z.string().min(1);
const names = z.array(z.string()).optional();
const arnOf = (name: string) => `arn:aws:sqs:${region}:${accountId}:${name}`;
const nameIn = (url: string) => url.slice(url.lastIndexOf('/') + 1);
const onUrl = { on: ({ QueueUrl: url }: { QueueUrl: string }) => arnOf(nameIn(url)) };
const onName = { on: ({ QueueName: name }: { QueueName: string }) => arnOf(name) };

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html */
export function sqsService({ look, authorize, clock, letters, url }: SqsPorts): TableService {
  const define = definer('sqs', authorize, 'InvalidParameterValue');
  const queues = () => look().resources.ofType('aws:sqs/queue:Queue');
  const queueOf = (name: string) => {
    const queue = queues().find(({ inputs }) => inputs.name === name);
    if (queue) return queue;
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  };
  const urlOf = (name: string) => `${url()}/${accountId}/${name}`;
  const received = new Map<DeadLetter, { hiddenUntilMs: number; times: number }>();
  const deleted = new Set<DeadLetter>();
  const inQueue = (name: string) =>
    letters.filter((letter) => letter.queueArn === arnOf(queueOf(name).inputs.name) && !deleted.has(letter));
  const isVisible = (letter: DeadLetter) => (received.get(letter)?.hiddenUntilMs ?? 0) <= clock.now();

  return new TableService('sqs', [
    define(
      'ListQueues',
      z.strictObject({ QueueNamePrefix: z.string().optional(), MaxResults: Count(1000), NextToken: Token }),
      ({ QueueNamePrefix: prefix = '', MaxResults: max = 1000, NextToken: token }) => {
        const found = queues().filter(({ inputs }) => inputs.name.startsWith(prefix));
        const { items, next } = paged(found, { max, token, code: 'InvalidParameterValue' });
        return { QueueUrls: items.map(({ inputs }) => urlOf(inputs.name)), NextToken: next };
      },
      { on: () => arnOf('*') },
    ),
    define(
      'GetQueueUrl',
      z.strictObject({ QueueName: z.string().min(1).max(80) }),
      ({ QueueName: name }) => ({ QueueUrl: urlOf(queueOf(name).inputs.name) }),
      onName,
    ),
    define(
      'GetQueueAttributes',
      z.strictObject({ QueueUrl, AttributeNames: names }),
      ({ QueueUrl: queueUrl, AttributeNames: wanted = [] }) => {
        const { inputs } = queueOf(nameIn(queueUrl));
        const [visible, all] = [inQueue(inputs.name).filter(isVisible).length, inQueue(inputs.name).length];
        const attributes = {
          QueueArn: arnOf(inputs.name),
          ApproximateNumberOfMessages: String(visible),
          ApproximateNumberOfMessagesNotVisible: String(all - visible),
          ApproximateNumberOfMessagesDelayed: '0',
          CreatedTimestamp: String(Math.floor(look().atMs / 1000)),
          LastModifiedTimestamp: String(Math.floor(look().atMs / 1000)),
          VisibilityTimeout: '30',
          MessageRetentionPeriod: String(inputs.messageRetentionSeconds ?? 345_600),
          SqsManagedSseEnabled: String(inputs.sqsManagedSseEnabled ?? true),
        };
        return { Attributes: chosen(attributes, wanted) };
      },
      onUrl,
    ),
    define(
      'ReceiveMessage',
      z.strictObject({
        QueueUrl,
        AttributeNames: names,
        MessageSystemAttributeNames: names,
        MessageAttributeNames: names,
        MaxNumberOfMessages: z.int().min(1).max(10).default(1),
        VisibilityTimeout: z.int().min(0).max(43_200).default(30),
        // Nothing arrives while time stands still, so the answer comes at once.
        WaitTimeSeconds: z.int().min(0).max(20).optional(),
      }),
      ({ QueueUrl: queueUrl, VisibilityTimeout: seconds, MaxNumberOfMessages: max, ...given }) => {
        const found = inQueue(nameIn(queueUrl)).filter(isVisible).slice(0, max);
        const system = [...(given.AttributeNames ?? []), ...(given.MessageSystemAttributeNames ?? [])];
        const messages = found.map((letter) => {
          const times = (received.get(letter)?.times ?? 0) + 1;
          received.set(letter, { hiddenUntilMs: clock.now() + seconds * 1000, times });
          const counted = {
            SentTimestamp: String(Date.parse(letter.at)),
            ApproximateReceiveCount: String(times),
          };
          return {
            MessageId: idOf(letter),
            ReceiptHandle: idOf(letter),
            MD5OfBody: createHash('md5').update(letter.body).digest('hex'),
            Body: letter.body,
            ...members('Attributes', chosen(counted, system)),
            ...members('MessageAttributes', chosen(attributesOf(letter), given.MessageAttributeNames ?? [])),
          };
        });
        return messages.length === 0 ? {} : { Messages: messages };
      },
      onUrl,
    ),
    define(
      'DeleteMessage',
      z.strictObject({ QueueUrl, ReceiptHandle: z.string().min(1) }),
      ({ QueueUrl: queueUrl, ReceiptHandle: handle }) => {
        const letter = inQueue(nameIn(queueUrl)).find((each) => idOf(each) === handle);
        if (letter) deleted.add(letter);
        return {};
      },
      onUrl,
    ),
  ]);

  function idOf(letter: DeadLetter): string {
    return `00000000-0000-4000-8000-${String(letters.indexOf(letter)).padStart(12, '0')}`;
  }
}

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
function attributesOf({ error, schedule, attempts, targetArn }: DeadLetter): Output {
  const values = {
    ERROR_CODE: error,
    RETRY_ATTEMPTS: String(attempts),
    SCHEDULE_ARN: `arn:aws:scheduler:${region}:${accountId}:schedule/default/${schedule}`,
    TARGET_ARN: targetArn,
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

function chosen(attributes: Output, wanted: readonly string[]): Output {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => wanted.includes('All') || wanted.includes(name)),
  );
}

function members(name: string, given: Output): Output {
  return Object.keys(given).length === 0 ? {} : { [name]: given };
}
