import { expect, test } from '@jest/globals';

import { presets } from '../../core/provider.ts';
import { sharedClients } from '../../infra/shared-clients.ts';

const schwab = presets['schwab']!;
const connection = (connectionId: string, client: string, providerData = schwab) => ({
  connectionId,
  client,
  provider: 'schwab',
  providerData,
});

test('those that would end each other’s grants are named, and no others', () => {
  expect(
    sharedClients([connection('one', 'app'), connection('two', 'other'), connection('three', 'app')]),
  ).toEqual([
    "one, three share the client app, and at Charles Schwab a login ends the grant that its client had before: each of their logins would end the others'. Give each a client (app) of its own.",
  ]);
  expect(sharedClients([connection('one', 'app'), connection('two', 'other')])).toEqual([]);
  const others = { ...schwab, loginEndsPreviousGrant: false };
  expect(sharedClients([connection('one', 'app', others), connection('two', 'app', others)])).toEqual([]);
});
