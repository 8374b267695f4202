import { describe, expect, test } from '@jest/globals';

import type { Identity } from '../../core/identity.ts';
import { compareIdentity, pin, valuesAt } from '../../core/identity.ts';

const dana = { subject: 'dana' };
const two = { accounts: ['1', '2'] };

describe('a login compared with what is pinned', () => {
  test.each<[string, Identity | undefined, Identity, string]>([
    ['nothing is pinned', undefined, dana, 'first'],
    ['an empty pin', {}, dana, 'first'],
    ['the same subject', dana, dana, 'same'],
    ['another subject', dana, { subject: 'friend' }, 'other'],
    ['no subject where one is pinned', dana, two, 'unknown'],
    [
      'the same subject, all accounts and more',
      { ...dana, ...two },
      { ...dana, accounts: ['1', '2', '3'] },
      'same',
    ],
    ['the same subject, an account less', { ...dana, ...two }, { ...dana, accounts: ['2'] }, 'fewer'],
    ['the same subject, no account', { ...dana, ...two }, dana, 'fewer'],
    ['another subject with the same accounts', { ...dana, ...two }, { subject: 'friend', ...two }, 'other'],
    ['the same accounts', two, two, 'same'],
    ['an account less', two, { accounts: ['1'] }, 'fewer'],
    ['none of the accounts', two, { accounts: ['3'] }, 'other'],
    ['no accounts at all', two, {}, 'unknown'],
    ['the same accounts in another order', two, { accounts: ['2', '1'] }, 'same'],
    ['the same accounts and a new subject', two, { ...dana, ...two }, 'same'],
    ['an account less and a new subject', two, { ...dana, accounts: ['2'] }, 'fewer'],
    ['none of the accounts and a new subject', two, { ...dana, accounts: ['3'] }, 'other'],
    ['a new subject and no accounts', two, dana, 'unknown'],
    ['the same subject and new accounts', dana, { ...dana, ...two }, 'same'],
    [
      'another subject and one of the accounts',
      { ...dana, ...two },
      { subject: 'friend', accounts: ['1'] },
      'other',
    ],
  ])('%s', (_, pinned, found, verdict) => {
    expect(compareIdentity(pinned, found)).toBe(verdict);
  });
});

test('the pinned identity grows, and keeps what a login did not name', () => {
  expect(pin(undefined, {})).toEqual({ subject: undefined });
  expect(pin(undefined, { ...dana, ...two })).toEqual({ ...dana, ...two });
  expect(pin({ ...dana, ...two }, { accounts: ['3', '1'] })).toEqual({ ...dana, accounts: ['1', '2', '3'] });
  expect(pin(two, dana)).toEqual({ ...dana, ...two });
  expect(pin(dana, { subject: 'friend' })).toEqual({ subject: 'friend' });
  expect(pin(undefined, { accounts: ['9', '10', '1'] })).toEqual({ accounts: ['1', '10', '9'] });
});

test('values are read at paths, with * for every element', () => {
  const document = { sub: 7, accounts: [{ id: 'a' }, { id: 'b' }, {}, null], nested: { id: {} } };
  expect(valuesAt(document, '/sub')).toEqual(['7']);
  expect(valuesAt(document, '/accounts/*/id')).toEqual(['a', 'b']);
  expect(valuesAt(document, '/accounts/1/id')).toEqual(['b']);
  expect(valuesAt(document, '/nested/id')).toEqual([]);
  expect(valuesAt(document, '/constructor/name')).toEqual([]);
  expect(valuesAt(undefined, '/sub')).toEqual([]);
});
