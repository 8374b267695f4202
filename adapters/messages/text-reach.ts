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
 * Which numbers the account has none to send to. Carriers of the United States and Canada take no shared sender, and a number
 * is of one country: https://docs.aws.amazon.com/sms-voice/latest/userguide/phone-number-types.html
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

/** Area codes of the North American Numbering Plan that are not of the United States: https://nanpa.com */
const canadian =
  '204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 506 514 519 ' +
  '548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942';
const caribbean = '242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876';

/** Of which countries a number has to be to send there; none where any sender will do. */
function sendersTo(phone: string): readonly string[] {
  const areaCode = /^\+1(\d{3})/.exec(phone)?.[1];
  if (areaCode === undefined || caribbean.split(' ').includes(areaCode)) return [];
  return canadian.split(' ').includes(areaCode) ? ['CA', 'US'] : ['US'];
}
