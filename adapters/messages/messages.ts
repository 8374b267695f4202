import { ChannelUnavailableError, StoreUnavailableError } from '../../core/errors.ts';
import type { Messages } from '../../core/ports.ts';
import type { MailOptions } from './mail.ts';
import { sesNotices } from './mail.ts';

export interface MessagesOptions {
  readonly mail: MailOptions;
  readonly operatorTopicArn: string;
}

/** All ways to people. What most owners do not have is loaded when it is used: text messages, chats, the topic. */
export function messages({ mail, operatorTopicArn }: MessagesOptions): Messages {
  const sendMail = sesNotices(mail);
  return {
    async send(channel, settings, notice, noticeId) {
      try {
        if (channel === 'email') return await sendMail(settings, notice);
        if (channel === 'sms') return await (await import('./topic-and-sms.ts')).sendSms(settings, notice);
        return await (await import('./post.ts')).postNotice(channel, settings, notice, noticeId);
      } catch (error) {
        // Behind a channel it is the channel that cannot be had now.
        if (error instanceof StoreUnavailableError) throw new ChannelUnavailableError(error.message);
        throw error;
      }
    },

    async tellOperators(message) {
      await (await import('./topic-and-sms.ts')).publish(operatorTopicArn, message);
    },
  };
}
