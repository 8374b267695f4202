import { CreateTopicCommand, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allow, clients, refusal, roleArn, startLocalAws, type LocalAws } from '../../helpers/local-aws.ts';

let aws: LocalAws;
let sns: SNSClient;
let TopicArn: string;

beforeAll(async () => {
  aws = await startLocalAws();
  ({ sns } = clients(aws.url));
  TopicArn = aws.sns.createTopic('gk-alerts');
});
afterAll(() => aws.close());

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
        'The embedded cloud does not support sns:CreateTopic. Supported: CheckIfPhoneNumberIsOptedOut, GetSMSAttributes, GetSMSSandboxAccountStatus, ListOriginationNumbers, ListSMSSandboxPhoneNumbers, ListSubscriptionsByTopic, Publish.',
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
