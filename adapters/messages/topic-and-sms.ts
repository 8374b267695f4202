import type { PublishCommandInput } from '@aws-sdk/client-sns';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

import { ChannelRejectedError } from '../../core/errors.ts';
import type { Notice } from '../../core/notice-text.ts';
import { smsOf } from '../../core/notice-text.ts';
import type { Settings } from '../../core/settings.ts';
import { callAws, clientDefaults } from '../aws.ts';
import { unreachedBy } from './text-reach.ts';

const client = new SNSClient(clientDefaults);

/**
 * A text message. The number stays out of errors and logs.
 * @throws {ChannelRejectedError} SNS refuses it, or would take it and deliver nothing
 */
export async function sendSms({ connectionId, owner }: Settings, notice: Notice): Promise<void> {
  const message: PublishCommandInput = {
    PhoneNumber: owner.phone,
    Message: smsOf(notice),
    // Transactional messages go first, also to numbers that block advertising: https://docs.aws.amazon.com/sns/latest/dg/sms_preferences.html
    MessageAttributes: {
      'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
    },
  };
  const refused = (why: string) => () => {
    throw new ChannelRejectedError(`The owner's telephone of ${connectionId} ${why}`);
  };
  const what = `sending a text message for ${connectionId}`;
  const { unverified, withoutOrigin } = await callAws(what, () => unreachedBy(client, [owner.phone!]));
  if (unverified.length > 0)
    refused('is not verified in the SMS sandbox of SNS. Verify it there, or leave the sandbox.')();
  if (withoutOrigin.length > 0)
    refused(
      'is in North America, and the account has no number to send text messages there. Register one with AWS End User Messaging.',
    )();
  const optedOut = refused('has opted out of text messages. Let them opt in again, or take the number out.');
  const invalid = refused('has a number that SNS does not take. Put the right one into the configuration.');
  await callAws(
    what,
    () => client.send(new PublishCommand(message)).then(() => undefined),
    // The names in SNS's answers and in its client.
    {
      OptedOut: optedOut,
      OptedOutException: optedOut,
      InvalidParameter: invalid,
      InvalidParameterException: invalid,
    },
  );
}

/** Publishes a message to a topic. */
export async function publish(
  topicArn: string,
  { subject, text }: { readonly subject: string; readonly text: string },
): Promise<void> {
  const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text });
  await callAws('telling the operators', () => client.send(command).then(() => undefined));
}
