import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { executionOfLink, linkPath, parseLinkPath, parseState, stateOf } from '../../core/link.ts';
import { ConnectionIdSchema } from '../../core/settings.ts';

const random = 'Zm9vYmFyYmF6cXV4LV9mb29iYXJiYXpxdXgtXzAxMjM';
const name = { connectionId: 'schwab-main', authorizationId: 'a1b2c3d4e5f6a7b8c9d0', random };
const path = `/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/${random}`;
const state = `schwab-main.a1b2c3d4e5f6a7b8c9d0.${random}`;

describe('a link and a state', () => {
  test('carry the three parts in clear', () => {
    expect(linkPath(name)).toBe(path);
    expect(stateOf(name)).toBe(state);
    expect(parseLinkPath(path)).toEqual(name);
    expect(parseState(state)).toEqual(name);
  });

  test('of every name are read back', () => {
    const letters = (alphabet: string, length: number) =>
      fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength: length, maxLength: length });
    const names = fc.record({
      connectionId: fc.stringMatching(/^[a-z](-?[a-z0-9]){1,31}$/).filter((id) => id.length <= 32),
      authorizationId: letters('abcdefghijklmnopqrstuvwxyz0123456789', 20),
      random: letters('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 43),
    });
    fc.assert(
      fc.property(names, (any) => {
        expect(ConnectionIdSchema.safeParse(any.connectionId).success).toBe(true);
        expect(parseLinkPath(linkPath(any))).toEqual(any);
        expect(parseState(stateOf(any))).toEqual(any);
        // They need no escaping in a URL, and neither is taken for the other.
        expect(new URL(linkPath(any), 'https://grants.example.com').pathname).toBe(linkPath(any));
        expect(encodeURIComponent(stateOf(any))).toBe(stateOf(any));
        expect(parseState(linkPath(any))).toBeUndefined();
        expect(parseLinkPath(stateOf(any))).toBeUndefined();
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['a cut link', path.slice(0, -1)],
    ['a longer link', `${path}A`],
    ['a slash more', `${path}/`],
    ['a line more', `${path}\n`],
    ['something before', path.replace('/reauthorize/', '/reauthorize/x/')],
    ['another character', `${path.slice(0, -1)}%`],
    ['a part missing', '/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/'],
    ['an authorization in upper case', path.replace('a1b2', 'A1B2')],
    ['a connection in upper case', path.replace('schwab', 'Schwab')],
    ['a connection that ends in a dash', path.replace('main', 'main-')],
    ['a connection with two dashes', path.replace('-main', '--main')],
    ['a connection of one letter', path.replace('schwab-main', 's')],
    ['a connection of 33 letters', path.replace('schwab-main', 's'.repeat(33))],
  ])('%s is not read', (_, broken) => {
    expect(parseLinkPath(broken)).toBeUndefined();
    expect(parseState(broken.replace('/reauthorize/', '').replaceAll('/', '.'))).toBeUndefined();
  });
});

test('the execution that a link starts is named by it, within the 80 characters that Step Functions gives', () => {
  const longest = { connectionId: 'c'.repeat(32), authorizationId: 'a'.repeat(20) };
  expect(executionOfLink({ connectionId: 'schwab-main', authorizationId: 'a1b2c3d4e5f6a7b8c9d0' })).toBe(
    'schwab-main-auth-a1b2c3d4e5f6a7b8c9d0',
  );
  expect(executionOfLink(longest).length).toBeLessThanOrEqual(80);
});
