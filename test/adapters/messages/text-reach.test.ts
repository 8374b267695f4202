/** Which telephones the account's own numbers reach. */
import type { SNSClient } from '@aws-sdk/client-sns';
import { expect, test } from '@jest/globals';

import { unreachedBy } from '../../../adapters/messages/text-reach.ts';

/** SNS outside its sandbox, for an account with numbers of these countries. */
const account = (countries: readonly string[]) =>
  ({
    send: async ({ constructor: { name } }: object) =>
      name === 'GetSMSSandboxAccountStatusCommand'
        ? { IsInSandbox: false }
        : {
            PhoneNumbers: countries.map((country) => ({
              Iso2CountryCode: country,
              NumberCapabilities: ['SMS'],
              Status: 'ACTIVE',
            })),
          },
  }) as unknown as SNSClient;

const newYork = '+12125550123';
const toronto = '+14165550123';
const kingston = '+18765550123';
const berlin = '+491701234567';

test.each([
  [[], [newYork, toronto]],
  [['CA'], [newYork]],
  [['US'], []],
  [['GB'], [newYork, toronto]],
])('numbers of %j send nothing to %j', async (countries, unreached) => {
  // A library asks for an instance before it pages.
  const { SNSClient: Client } = await import('@aws-sdk/client-sns');
  const client = Object.assign(Object.create(Client.prototype), account(countries)) as SNSClient;
  expect(await unreachedBy(client, [newYork, toronto, kingston, berlin])).toEqual({
    unverified: [],
    withoutOrigin: unreached,
  });
});
