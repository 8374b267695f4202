import {
  GetSMSSandboxAccountStatusCommand,
  paginateListOriginationNumbers,
  paginateListSMSSandboxPhoneNumbers,
  type SNSClient,
} from '@aws-sdk/client-sns';

/** What of the account keeps text messages from numbers. SNS takes them all the same, and delivers none. */
export interface Unreached {
  /** Not verified, in the sandbox of a new account. */
  readonly unverified: readonly string[];
  /** In North America, with no number of the account's to send from. */
  readonly withoutOrigin: readonly string[];
}

/** Which of these numbers no text message reaches. @throws what SNS throws */
export async function unreachedBy(client: SNSClient, phones: readonly string[]): Promise<Unreached> {
  const [verified, hasOrigin] = await Promise.all([
    verifiedIn(client),
    canSendToNorthAmerica(client, phones),
  ]);
  return {
    unverified: verified ? phones.filter((phone) => !verified.has(phone)) : [],
    withoutOrigin: hasOrigin ? [] : phones.filter(isNorthAmerican),
  };
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html @returns undefined outside it */
async function verifiedIn(client: SNSClient): Promise<ReadonlySet<string> | undefined> {
  const { IsInSandbox: isInSandbox } = await client.send(new GetSMSSandboxAccountStatusCommand({}));
  if (!isInSandbox) return undefined;
  const verified = new Set<string>();
  for await (const { PhoneNumbers = [] } of paginateListSMSSandboxPhoneNumbers({ client }, {})) {
    for (const { PhoneNumber, Status } of PhoneNumbers) if (Status === 'Verified') verified.add(PhoneNumber!);
  }
  return verified;
}

/** Carriers of the United States and Canada take no shared sender: https://docs.aws.amazon.com/sms-voice/latest/userguide/phone-number-types.html */
async function canSendToNorthAmerica(client: SNSClient, phones: readonly string[]): Promise<boolean> {
  if (!phones.some(isNorthAmerican)) return true;
  for await (const { PhoneNumbers = [] } of paginateListOriginationNumbers({ client }, {})) {
    const sends = PhoneNumbers.some(
      ({ Iso2CountryCode: country, NumberCapabilities: can, Status: status }) =>
        ['US', 'CA'].includes(country ?? '') && can?.includes('SMS') && status?.toUpperCase() !== 'PENDING',
    );
    if (sends) return true;
  }
  return false;
}

const isNorthAmerican = (phone: string) => phone.startsWith('+1');
