import { describe, expect, test } from '@jest/globals';

import { problemOfCredentials } from '../../core/client-credentials.ts';
import { presets } from '../../core/provider.ts';

const schwab = presets['schwab']!;
const problem = (id: string, secret: string, provider = schwab) => problemOfCredentials(provider, id, secret);

describe('malformed client credentials are reported', () => {
  test.each([
    ['', 's', 'The client id is empty.'],
    ['i', '', 'The client secret is empty.'],
    ['i\u00a0d', 's', 'The client id has a character that none can have. Copy it again.'],
    ['i', 's\ncret', 'The client secret has a character that none can have. Copy it again.'],
    ['same', 'same', 'The client id and the secret are the same. Copy them again.'],
  ])('%j, %j', (id, secret, notified) => {
    expect(problem(id, secret)).toBe(notified);
    expect(problem(id, secret, { ...schwab, clientIdPattern: undefined })).toBe(notified);
  });
});

test('Schwab’s id has 32 or 48 characters, its secret 16 or 64, and nothing before or after', () => {
  for (const [id, secret] of [
    [32, 16],
    [48, 64],
    [32, 64],
  ] as const) {
    expect(problem('i'.repeat(id), 's'.repeat(secret))).toBeUndefined();
  }
  const odd = (what: string) => `That is not what a ${what} of Charles Schwab looks like. Copy it again.`;
  for (const id of [31, 33, 47, 49]) {
    expect(problem('i'.repeat(id), 's'.repeat(16))).toBe(odd('client id'));
  }
  for (const secret of [15, 17, 65]) {
    expect(problem('i'.repeat(32), 's'.repeat(secret))).toBe(odd('client secret'));
  }
});

test('any credentials do for a provider that does not describe their shape', () => {
  const { clientIdPattern: _id, clientSecretPattern: _secret, ...other } = schwab;
  expect(problemOfCredentials(other, 'a', 'b')).toBeUndefined();
});
