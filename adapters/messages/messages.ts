import { ChannelUnavailableError, StoreUnavailableError } from '../../core/errors.ts';
import type { Messages } from '../../core/ports.ts';
import type { MailOptions } from './mail.ts';
import { sesNotices } from './mail.ts';

export interface MessagesOptions {
  readonly mail: MailOptions;
  readonly operatorTopicArn: string;
}

/** All messages to people. Loads text messages, chats and the topic only when used, because most owners have none. */
export function messages({ mail, operatorTopicArn }: MessagesOptions): Messages {
  const sendMail = sesNotices(mail);
  return {
    async send(channel, settings, notice, noticeId) {
      try {
        if (channel === 'email') return await sendMail(settings, notice);
        if (channel === 'sms') return await (await import('./topic-and-sms.ts')).sendSms(settings, notice);
        return await (await import('./post.ts')).postNotice(channel, settings, notice, noticeId);
      } catch (error) {
        // The caller retries only this channel.
        if (error instanceof StoreUnavailableError) throw new ChannelUnavailableError(error.message);
        throw error;
      }
    },

    async notifyOperators(message) {
      await (await import('./topic-and-sms.ts')).publish(operatorTopicArn, message);
    },
  };
}
