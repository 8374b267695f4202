import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';

import type { MailText, Notice } from '../../core/notice-text.ts';
import { mailOf } from '../../core/notice-text.ts';
import type { Mail } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { callAws, clientDefaults } from '../aws.ts';

export interface MailOptions {
  readonly from: string;
  readonly configurationSet: string;
}

/** Mail through SES. Addresses and texts stay out of errors and logs. */
export function sesMail(options: MailOptions): Mail {
  const send = sender(options);
  return { send: (to, text) => send(to, text, 'sending mail to somebody who signs in', {}) };
}

/** Notices to owners, by mail. */
export function sesNotices(options: MailOptions) {
  const send = sender(options);
  return async ({ connectionId, owner }: Settings, notice: Notice): Promise<void> =>
    // The tag comes back in bounces and complaints, so that operators hear whose mail it was.
    send(owner.email, mailOf(notice), `sending mail for ${connectionId}`, { connection: connectionId });
}

function sender({ from, configurationSet }: MailOptions) {
  const client = new SESv2Client(clientDefaults);
  const utf8 = (Data: string) => ({ Data, Charset: 'UTF-8' });
  return async (
    to: string,
    { subject, text, html }: MailText,
    what: string,
    tags: Readonly<Record<string, string>>,
  ): Promise<void> => {
    const command = new SendEmailCommand({
      FromEmailAddress: from,
      ConfigurationSetName: configurationSet,
      Destination: { ToAddresses: [to] },
      EmailTags: Object.entries(tags).map(([Name, Value]) => ({ Name, Value })),
      Content: { Simple: { Subject: utf8(subject), Body: { Text: utf8(text), Html: utf8(html) } } },
    });
    await callAws(what, () => client.send(command));
  };
}
