import { expect, test } from '@jest/globals';

import { orphanedSecrets } from '../../infra/orphaned-secrets.ts';

const found = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [name, `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-AbCdEf`]),
  );

const kept =
  'old is not in the configuration: it has no schedule, and its secrets are kept. Put it back to go on with its grant, or end it with `grantkeeper disconnect old`.';

test('nothing is told of connections that are in the configuration, and of secrets of other kinds', () => {
  const secrets = found(
    'grantkeeper/prod/one/grant',
    'grantkeeper/prod/one/access',
    'grantkeeper/prod/client/schwab',
    'grantkeeper/prod/client/grant',
    'grantkeeper/production/other/grant',
  );
  expect(orphanedSecrets('grantkeeper/prod', ['one'], secrets)).toEqual([]);
  expect(orphanedSecrets('grantkeeper/prod', ['one', 'two'], secrets)).toEqual([]);
});

test('of one that has left it is told that its tokens are kept, and how to end it', () => {
  const secrets = found('grantkeeper/prod/one/grant', 'grantkeeper/prod/old/grant');
  expect(orphanedSecrets('grantkeeper/prod', ['one'], secrets)).toEqual([kept]);
});

test('another name is another connection', () => {
  expect(orphanedSecrets('grantkeeper/prod', ['new'], found('grantkeeper/prod/old/grant'))).toEqual([
    `${kept} A connection is not renamed: new begins anew, with a login of its own.`,
  ]);
});
