import { SendEmailCommand, type SendEmailCommandInput, type SESv2Client } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allow, clients, refusal, roleArn, startLocalAws, type LocalAws } from '../../helpers/local-aws.ts';

let aws: LocalAws;
let ses: SESv2Client;

beforeAll(async () => {
  aws = await startLocalAws();
  ({ ses } = clients(aws.url));
  aws.ses.addIdentity('sender@example.com');
  aws.ses.addIdentity('example.org');
  aws.ses.addConfigurationSet('gk-mail');
});
afterAll(() => aws.close());

const email = (change: Partial<SendEmailCommandInput> = {}) =>
  new SendEmailCommand({
    FromEmailAddress: 'Grantkeeper <sender@example.com>',
    Destination: { ToAddresses: ['owner@example.net'] },
    Content: {
      Simple: {
        Subject: { Data: 'Log in again – soon', Charset: 'UTF-8' },
        Body: { Text: { Data: 'The link' }, Html: { Data: '<p>The link</p>' } },
      },
    },
    ...change,
  });

const simple = (subject: string, body = 'text') => ({
  Simple: { Subject: { Data: subject }, Body: { Text: { Data: body } } },
});

describe('SendEmail', () => {
  test('delivers to the inbox at the cloud’s own time', async () => {
    const { MessageId } = await ses.send(
      email({ ConfigurationSetName: 'gk-mail', EmailTags: [{ Name: 'kind', Value: 'invited' }] }),
    );
    expect(MessageId).toMatch(/^[0-9a-f]{16}-[0-9a-f-]{36}-000000$/);
    expect(aws.inbox.list().at(-1)).toEqual({
      id: expect.stringMatching(/^\d+$/),
      at: '2026-01-05T12:00:00.000Z',
      channel: 'email',
      to: 'owner@example.net',
      subject: 'Log in again – soon',
      text: 'The link',
      html: '<p>The link</p>',
    });
  });

  test('sends from any address of a registered domain and its subdomains', async () => {
    for (const FromEmailAddress of ['a@example.org', 'b@mail.example.org']) {
      expect((await ses.send(email({ FromEmailAddress }))).MessageId).toBeDefined();
    }
  });

  test('is rejected from an identity that is not verified', async () => {
    expect(await refusal(ses.send(email({ FromEmailAddress: 'other@example.com' })))).toEqual({
      name: 'MessageRejected',
      message:
        'Email address is not verified. The following identities failed the check in region US-EAST-1: other@example.com',
    });
  });

  const bad = 'BadRequestException';
  const missing = 'NotImplementedByEmbeddedCloud';
  test.each<[string, Partial<SendEmailCommandInput>, string, string]>([
    ['no recipient', { Destination: {} }, bad, "Missing required header 'To'."],
    ['a bad recipient', { Destination: { ToAddresses: ['owner'] } }, bad, 'Illegal address: owner'],
    ['a bad Reply-To', { ReplyToAddresses: ['a@b@c'] }, bad, 'Illegal address: a@b@c'],
    ['a bad sender', { FromEmailAddress: 'sender' }, bad, 'Illegal address: sender'],
    [
      '51 recipients',
      { Destination: { ToAddresses: Array<string>(51).fill('a@example.net') } },
      bad,
      'Recipient count exceeds 50.',
    ],
    ['a break in the subject', { Content: simple('a\r\nBcc: b@example.net') }, bad, 'Subject must not'],
    ['non-ASCII without a charset', { Content: simple('é') }, bad, 'outside 7-bit ASCII'],
    [
      'no body',
      { Content: { Simple: { Subject: { Data: 'a' }, Body: {} } } },
      bad,
      'Body must contain Text or Html.',
    ],
    ['a bad tag', { EmailTags: [{ Name: 'a b', Value: 'c' }] }, bad, "Value at 'emailTags.0.name'"],
    [
      'an unknown configuration set',
      { ConfigurationSetName: 'none' },
      'NotFoundException',
      'Configuration set <none> does not exist.',
    ],
    ['Cc', { Destination: { CcAddresses: ['a@example.net'] } }, missing, 'Destination.CcAddresses'],
    ['raw content', { Content: { Raw: { Data: new Uint8Array([1]) } } }, missing, 'Content.Raw'],
    ['a feedback address', { FeedbackForwardingEmailAddress: 'a@b.c' }, missing, 'FeedbackForwarding'],
  ])('is refused with %s', async (_what, change, name, words) => {
    const before = aws.inbox.list().length;
    expect(await refusal(ses.send(email(change)))).toEqual({ name, message: expect.stringContaining(words) });
    expect(aws.inbox.list()).toHaveLength(before);
  });

  test('needs the role’s permission on sender, recipient (as in the sandbox) and configuration set', async () => {
    allow(aws.iam, 'ses:SendEmail', 'arn:aws:ses:us-east-1:000000000000:identity/sender@example.com');
    const asRole = clients(aws.url, aws.iam.credentialsFor(roleArn)).ses;
    expect(await refusal(asRole.send(email()))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('identity/owner@example.net'),
    });
    allow(aws.iam, 'ses:SendEmail', 'arn:aws:ses:us-east-1:000000000000:identity/owner@example.net');
    await asRole.send(email());
    expect(await refusal(asRole.send(email({ ConfigurationSetName: 'gk-mail' })))).toEqual({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        'ses:SendEmail on resource: arn:aws:ses:us-east-1:000000000000:configuration-set/gk-mail because',
      ),
    });
    expect(await refusal(asRole.send(email({ FromEmailAddress: 'a@example.org' })))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('identity/example.org'),
    });
  });
});
