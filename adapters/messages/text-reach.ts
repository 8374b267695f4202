import {
  GetSMSSandboxAccountStatusCommand,
  paginateListOriginationNumbers,
  paginateListSMSSandboxPhoneNumbers,
  type SNSClient,
} from '@aws-sdk/client-sns';

/** Numbers that no text message reaches. SNS accepts such messages and does not deliver them. */
export interface Unreached {
  /** Not verified, while the account is in the SMS sandbox. */
  readonly unverified: readonly string[];
  /** In North America, where the account has no origination number. */
  readonly withoutOrigin: readonly string[];
}

/** Finds the numbers that no text message reaches. @throws what SNS throws */
export async function unreachedBy(client: SNSClient, phones: readonly string[]): Promise<Unreached> {
  const [verified, withoutOrigin] = await Promise.all([verifiedIn(client), unsentBy(client, phones)]);
  return {
    unverified: verified ? phones.filter((phone) => !verified.has(phone)) : [],
    withoutOrigin,
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

/**
 * Finds the numbers that the account cannot send to. Carriers in the United States and Canada accept no shared sender, and an
 * origination number belongs to one country: https://docs.aws.amazon.com/sms-voice/latest/userguide/phone-number-types.html
 */
async function unsentBy(client: SNSClient, phones: readonly string[]): Promise<readonly string[]> {
  let unsent = phones.filter((phone) => sendersTo(phone).length > 0);
  if (unsent.length === 0) return unsent;
  for await (const { PhoneNumbers = [] } of paginateListOriginationNumbers({ client }, {})) {
    for (const { Iso2CountryCode: country = '', NumberCapabilities: can, Status: status } of PhoneNumbers) {
      if (can?.includes('SMS') && status?.toUpperCase() !== 'PENDING')
        unsent = unsent.filter((phone) => !sendersTo(phone).includes(country));
    }
    if (unsent.length === 0) break;
  }
  return unsent;
}

/** Area codes of the North American Numbering Plan outside the United States: https://nanpa.com */
const canadian =
  '204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 506 514 519 ' +
  '548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942';
const caribbean = '242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876';

/** Countries whose origination numbers can send to this phone; empty if any sender can. */
function sendersTo(phone: string): readonly string[] {
  const areaCode = /^\+1(\d{3})/.exec(phone)?.[1];
  if (areaCode === undefined || caribbean.split(' ').includes(areaCode)) return [];
  return canadian.split(' ').includes(areaCode) ? ['CA', 'US'] : ['US'];
}
