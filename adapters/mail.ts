import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';

import type { Mail } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/** Mail through SES. The address and the text stay out of errors and logs. */
export function sesMail({ from, configurationSet }: { from: string; configurationSet: string }): Mail {
  const client = new SESv2Client(clientDefaults);
  return {
    async send({ connectionId, owner }, notice) {
      const utf8 = (Data: string) => ({ Data, Charset: 'UTF-8' });
      const command = new SendEmailCommand({
        FromEmailAddress: from,
        ConfigurationSetName: configurationSet,
        Destination: { ToAddresses: [owner.email] },
        Content: {
          Simple: {
            Subject: utf8(notice.subject),
            Body: { Text: utf8(notice.text), Html: utf8(notice.html) },
          },
        },
      });
      await callAws(`sending mail for ${connectionId}`, () => client.send(command));
    },
  };
}
