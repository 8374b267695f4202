import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';

import type { Notice } from '../../core/notice.ts';
import { mailOf } from '../../core/notice.ts';
import type { Settings } from '../../core/settings.ts';
import { callAws, clientDefaults } from '../aws.ts';

/** Mail through SES. The address and the text stay out of errors and logs. */
export function sesMail({ from, configurationSet }: { from: string; configurationSet: string }) {
  const client = new SESv2Client(clientDefaults);
  return async ({ connectionId, owner }: Settings, notice: Notice): Promise<void> => {
    const utf8 = (Data: string) => ({ Data, Charset: 'UTF-8' });
    const { subject, text, html } = mailOf(notice);
    const command = new SendEmailCommand({
      FromEmailAddress: from,
      ConfigurationSetName: configurationSet,
      Destination: { ToAddresses: [owner.email] },
      // Comes back in bounces and complaints, so that operators hear whose mail it was.
      EmailTags: [{ Name: 'connection', Value: connectionId }],
      Content: { Simple: { Subject: utf8(subject), Body: { Text: utf8(text), Html: utf8(html) } } },
    });
    await callAws(`sending mail for ${connectionId}`, () => client.send(command));
  };
}
