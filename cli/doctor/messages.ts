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
import { problem, well } from './finding.ts';

const askAws = 'ask AWS for production access in the console of SES';

/** Whether SES sends, and to whom. */
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
      ? 'Open the mail that AWS has sent there, and press its link; look among the spam.'
      : 'Put the records of `npx pulumi stack output mailDnsRecords` into its DNS, and wait an hour.';
    return [problem(about, `${mailIdentity} is not verified with SES: no mail leaves.`, how)];
  }
  if (account.SendingEnabled === false) {
    return [
      problem(about, 'Sending is paused for this account.', 'See the reputation dashboard of SES for why.'),
    ];
  }
  if (account.ProductionAccessEnabled) {
    return [well(about, `${mailFrom} sends to everybody: it is verified, and SES is out of its sandbox.`)];
  }
  const unverified: string[] = [];
  for (const address of recipients) {
    const domain = address.slice(address.lastIndexOf('@') + 1);
    if (!(await isVerifiedBy(client, address)) && !(await isVerifiedBy(client, domain)))
      unverified.push(address);
  }
  const sandbox = 'SES is in its sandbox: mail goes to verified addresses only';
  if (unverified.length === 0) return [well(about, `${sandbox}, and all that are named here are.`)];
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

/** Whether texts reach these numbers. */
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
        `SNS is in its SMS sandbox, where a number is verified first. Not verified: ${unverified.join(', ')}.`,
        'Verify them in the console of SNS (Text messaging, Sandbox), or exit the sandbox there.',
      ),
    );
  }
  if (withoutOrigin.length > 0) {
    findings.push(
      problem(
        about,
        `Numbers in North America need one of the account's own to send from, and there is none in this region. Not reached: ${withoutOrigin.join(', ')}.`,
        'Register a toll-free or 10DLC number with AWS End User Messaging SMS; it takes days to weeks.',
      ),
    );
  }
  for (const phoneNumber of phones) {
    const { isOptedOut } = await client.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber }));
    if (!isOptedOut) continue;
    findings.push(
      problem(
        about,
        `${phoneNumber} has answered STOP: nothing reaches it.`,
        'Have its owner answer START, or opt it in with SNS.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  // https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html
  const { MonthlySpendLimit: limit = '1' } = attributes;
  return [
    well(about, `They reach ${phones.join(', ')}, within the account’s limit of ${limit} USD a month.`),
  ];
}

/** Whether operators hear of what fails. */
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
  const deaf = operatorEmails.filter((email) => !confirmed.has(email));
  if (deaf.length === 0) return [well(about, `Alerts go to ${operatorEmails.join(', ')}.`)];
  return [
    problem(
      about,
      `${deaf.join(', ')} ${deaf.length === 1 ? 'has' : 'have'} not confirmed the subscription: no alert goes there.`,
      'Press the link in the mail from AWS Notifications. After three days it is void: deploy with the address taken out and put back.',
    ),
  ];
}
