import { expect, test } from '@jest/globals';
import { format, inspect } from 'node:util';
import { Secret } from '../../core/secret.ts';

const secret = new Secret('I0.marked-token');

test('prints as [redacted] everywhere', () => {
  const error = Object.assign(new Error('failed'), { secret });
  const printed = [
    String(secret),
    ['credential', secret].join(' '),
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true, depth: 9 }),
    format('%s %o %j', secret, secret, { secret }),
    inspect(error),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(structuredClone(secret)),
  ].join('\n');
  expect(printed).not.toContain('marked-token');
  expect(printed.match(/\[redacted\]/g)).toHaveLength(8);
});

test('reveals what it was made of, and compares it', () => {
  expect(secret.reveal()).toBe('I0.marked-token');
  expect(secret.equals(new Secret('I0.marked-token'))).toBe(true);
  expect(secret.equals(new Secret('I0.other'))).toBe(false);
});
