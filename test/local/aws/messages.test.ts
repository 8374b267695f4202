import { SendEmailCommand, type SendEmailCommandInput, type SESv2Client } from '@aws-sdk/client-sesv2';
import { CreateTopicCommand, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allow, clients, refusal, roleArn, startLocalAws, type LocalAws } from '../../helpers/local-aws.ts';

let aws: LocalAws;
let ses: SESv2Client;
let sns: SNSClient;
let TopicArn: string;

beforeAll(async () => {
  aws = await startLocalAws();
  ({ ses, sns } = clients(aws.url));
  TopicArn = aws.sns.createTopic('gk-alerts');
  aws.ses.addIdentity('keeper@example.com');
  aws.ses.addIdentity('example.org');
  aws.ses.addConfigurationSet('gk-mail');
});
afterAll(() => aws.close());

const email = (change: Partial<SendEmailCommandInput> = {}) =>
  new SendEmailCommand({
    FromEmailAddress: 'Grantkeeper <keeper@example.com>',
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
    ['a bad sender', { FromEmailAddress: 'keeper' }, bad, 'Illegal address: keeper'],
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
    allow(aws.iam, 'ses:SendEmail', 'arn:aws:ses:us-east-1:000000000000:identity/keeper@example.com');
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

describe('Publish', () => {
  test('delivers to the inbox', async () => {
    const { MessageId } = await sns.send(
      new PublishCommand({ TopicArn, Subject: 'Grantkeeper: alert', Message: 'a < b & "c" é\n+%' }),
    );
    expect(MessageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(aws.inbox.list().at(-1)).toMatchObject({
      channel: 'topic',
      to: 'gk-alerts',
      subject: 'Grantkeeper: alert',
      text: 'a < b & "c" é\n+%',
    });
  });

  const invalid = (what: string) => ({
    name: 'InvalidParameterException',
    message: `Invalid parameter: ${what}`,
  });
  test.each<[string, { Message?: string; Subject?: string; TopicArn?: string }, string]>([
    ['an empty message', { Message: '' }, 'Empty message'],
    ['a message above 256 KiB', { Message: 'é'.repeat(131_073) }, 'Message too long'],
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }, 'Subject'],
    ['a subject with a line break', { Subject: 'a\nb' }, 'Subject'],
    ['a subject outside ASCII', { Subject: 'é' }, 'Subject'],
    ['something that is no topic', { TopicArn: 'gk-alerts' }, 'TopicArn'],
  ])('is refused with %s', async (_what, change, words) => {
    const publish = new PublishCommand({ TopicArn, Message: 'm', ...change });
    expect(await refusal(sns.send(publish))).toEqual(invalid(words));
  });

  test('is refused for an unknown topic', async () => {
    const publish = new PublishCommand({ TopicArn: `${TopicArn}x`, Message: 'm' });
    expect(await refusal(sns.send(publish))).toEqual({
      name: 'NotFoundException',
      message: 'Topic does not exist',
    });
  });

  test('is refused by name with attributes that are not supported, and as another operation', async () => {
    const name = 'NotImplementedByEmbeddedCloud';
    const attributes = { a: { DataType: 'String', StringValue: 'b' } };
    expect(
      await refusal(sns.send(new PublishCommand({ TopicArn, Message: 'm', MessageAttributes: attributes }))),
    ).toEqual({
      name,
      message: 'The embedded cloud does not support the parameter MessageAttributes.a of sns:Publish.',
    });
    expect(await refusal(sns.send(new CreateTopicCommand({ Name: 'a' })))).toEqual({
      name,
      message:
        'The embedded cloud does not support sns:CreateTopic. Supported: CheckIfPhoneNumberIsOptedOut, GetSMSAttributes, GetSMSSandboxAccountStatus, GetTopicAttributes, ListOriginationNumbers, ListSMSSandboxPhoneNumbers, ListSubscriptions, ListSubscriptionsByTopic, ListTopics, Publish.',
    });
  });

  test('to a telephone is a text message, of 1,600 characters at most', async () => {
    const text = (change: object) =>
      sns.send(
        new PublishCommand({
          PhoneNumber: '+12125550123',
          Message: 'm'.repeat(1600),
          MessageAttributes: {
            'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
          },
          ...change,
        }),
      );
    expect((await text({})).MessageId).toBeDefined();
    expect(aws.inbox.list().at(-1)).toMatchObject({
      channel: 'sms',
      to: '+12125550123',
      text: 'm'.repeat(1600),
    });
    const refused = { name: 'InvalidParameterException' };
    expect(await refusal(text({ Message: 'm'.repeat(1601) }))).toMatchObject(refused);
    expect(await refusal(text({ PhoneNumber: '2125550123' }))).toMatchObject(refused);
    expect(await refusal(text({ TopicArn }))).toMatchObject(refused);
    expect(
      await refusal(
        text({ MessageAttributes: { 'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Loud' } } }),
      ),
    ).toMatchObject(refused);
    aws.sns.optOut('+12125550123');
    expect(await refusal(text({}))).toMatchObject({ name: 'OptedOutException' });
  });

  test('to a telephone needs a permission that is not of topics, and one for what SNS passes on', async () => {
    const role = roleArn.replace('restricted', 'texting');
    aws.iam.addRole({
      arn: role,
      name: 'texting',
      assumeRolePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    });
    const allow = (statement: object) =>
      aws.iam.addRolePolicy(
        role,
        JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] }),
      );
    const asRole = clients(aws.url, aws.iam.credentialsFor(role)).sns;
    const text = new PublishCommand({ PhoneNumber: '+12125550199', Message: 'm' });
    const through = (service: string) => ({
      Action: 'sms-voice:SendTextMessage',
      Resource: '*',
      Condition: { StringEquals: { 'aws:CalledViaLast': service } },
    });
    allow({ Action: 'sns:Publish', NotResource: 'arn:aws:sns:*:*:*' });
    allow(through('lambda.amazonaws.com'));
    expect(await refusal(asRole.send(text))).toMatchObject({
      message: expect.stringContaining('is not authorized to perform: sms-voice:SendTextMessage'),
    });
    allow(through('sns.amazonaws.com'));
    expect((await asRole.send(text)).MessageId).toBeDefined();
    expect(await refusal(asRole.send(new PublishCommand({ TopicArn, Message: 'm' })))).toMatchObject({
      name: 'AuthorizationErrorException',
    });
  });

  test('needs the role’s permission on the topic', async () => {
    const asRole = clients(aws.url, aws.iam.credentialsFor(roleArn)).sns;
    const publish = new PublishCommand({ TopicArn, Message: 'm' });
    expect(await refusal(asRole.send(publish))).toEqual({
      name: 'AuthorizationErrorException',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/restricted/embedded-cloud is not authorized to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:000000000000:gk-alerts because no identity-based policy allows the SNS:Publish action',
    });
    allow(aws.iam, 'sns:Publish', TopicArn);
    expect((await asRole.send(publish)).MessageId).toBeDefined();
  });

  test('refuses topic names that SNS would, and FIFO topics', () => {
    expect(() => aws.sns.createTopic('a b')).toThrow('Invalid parameter: Topic Name');
    expect(() => aws.sns.createTopic('a.fifo')).toThrow('does not support SNS FIFO topics');
  });
});
