import {
  GetAccountCommand,
  GetEmailIdentityCommand,
  NotFoundException,
  SESv2Client,
} from '@aws-sdk/client-sesv2';
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  GetSMSAttributesCommand,
  paginateListSubscriptionsByTopic,
  SNSClient,
} from '@aws-sdk/client-sns';

import { unreachedBy } from '../../adapters/messages/text-reach.ts';
import type { Deployment } from '../../core/deployment.ts';
import type { Finding } from './finding.ts';
import { ok, problem } from './finding.ts';

const askAws = 'ask AWS for production access in the SES console';

/** Checks whether SES sends, and to whom. */
export async function lookAtMail(
  { mailFrom, mailIdentity }: Deployment,
  recipients: readonly string[],
): Promise<readonly Finding[]> {
  const about = 'Mail';
  const client = new SESv2Client({});
  const [account, isVerified] = await Promise.all([
    client.send(new GetAccountCommand({})),
    isVerifiedBy(client, mailIdentity),
  ]);
  if (!isVerified) {
    const how = mailIdentity.includes('@')
      ? 'Open the mail that AWS sent to this address, and follow its link. Check the spam folder, too.'
      : 'Add the records of `npx pulumi stack output mailDnsRecords` to its DNS, and wait an hour.';
    return [problem(about, `${mailIdentity} is not verified with SES, so no mail is sent.`, how)];
  }
  if (account.SendingEnabled === false) {
    return [
      problem(about, 'SES has paused sending for this account.', 'See the SES reputation dashboard for why.'),
    ];
  }
  if (account.ProductionAccessEnabled) {
    return [ok(about, `${mailFrom} is verified and can send to everybody.`)];
  }
  const unverified: string[] = [];
  for (const address of recipients) {
    const domain = address.slice(address.lastIndexOf('@') + 1);
    if (!(await isVerifiedBy(client, address)) && !(await isVerifiedBy(client, domain)))
      unverified.push(address);
  }
  const sandbox = 'SES is in its sandbox, so it sends to verified addresses only';
  if (unverified.length === 0) return [ok(about, `${sandbox}. All configured addresses are verified.`)];
  return [
    problem(
      about,
      `${sandbox}. Not verified: ${unverified.join(', ')}.`,
      `Verify each (aws sesv2 create-email-identity --email-identity …), or ${askAws}.`,
    ),
  ];
}

async function isVerifiedBy(client: SESv2Client, identity: string): Promise<boolean> {
  try {
    const found = await client.send(new GetEmailIdentityCommand({ EmailIdentity: identity }));
    return found.VerifiedForSendingStatus ?? false;
  } catch (error) {
    if (error instanceof NotFoundException) return false;
    throw error;
  }
}

/** Checks whether text messages reach these numbers. */
export async function lookAtTexts(phones: readonly string[]): Promise<readonly Finding[]> {
  const about = 'Text messages';
  if (phones.length === 0) return [];
  const client = new SNSClient({});
  const [{ unverified, withoutOrigin }, { attributes = {} }] = await Promise.all([
    unreachedBy(client, phones),
    client.send(new GetSMSAttributesCommand({})),
  ]);
  const findings: Finding[] = [];
  if (unverified.length > 0) {
    findings.push(
      problem(
        about,
        `SNS is in its SMS sandbox, so it sends to verified numbers only. Not verified: ${unverified.join(', ')}.`,
        'Verify them in the SNS console (Text messaging, Sandbox), or leave the sandbox there.',
      ),
    );
  }
  if (withoutOrigin.length > 0) {
    findings.push(
      problem(
        about,
        `Text messages to North America need an origination number, and the account has none in this region. Not reached: ${withoutOrigin.join(', ')}.`,
        'Register a toll-free or 10DLC number with AWS End User Messaging SMS. That takes days to weeks.',
      ),
    );
  }
  for (const phoneNumber of phones) {
    const { isOptedOut } = await client.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber }));
    if (!isOptedOut) continue;
    findings.push(
      problem(
        about,
        `${phoneNumber} has opted out with STOP, so no text message reaches it.`,
        'Ask its owner to answer START, or opt it in with SNS.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  // https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html
  const { MonthlySpendLimit: limit = '1' } = attributes;
  return [
    ok(about, `They reach ${phones.join(', ')}. The account’s spending limit is ${limit} USD a month.`),
  ];
}

/** Checks that the operators have confirmed their subscriptions. */
export async function lookAtSubscriptions({
  operatorTopicArn: TopicArn,
  operatorEmails,
}: Deployment): Promise<readonly Finding[]> {
  const about = 'Operators';
  const confirmed = new Set<string>();
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic(
    { client: new SNSClient({}) },
    { TopicArn },
  )) {
    for (const { Endpoint, SubscriptionArn } of Subscriptions) {
      if (SubscriptionArn?.startsWith('arn:')) confirmed.add(Endpoint!);
    }
  }
  const unconfirmed = operatorEmails.filter((email) => !confirmed.has(email));
  if (unconfirmed.length === 0) return [ok(about, `Alerts go to ${operatorEmails.join(', ')}.`)];
  return [
    problem(
      about,
      `${unconfirmed.join(', ')} ${unconfirmed.length === 1 ? 'has' : 'have'} not confirmed the subscription, so no alerts arrive there.`,
      'Follow the link in the mail from AWS Notifications. After three days it no longer works: remove the address, deploy, add it again and deploy.',
    ),
  ];
}
