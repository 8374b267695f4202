import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { describedIn, sanitisedIssuer, sanitisedText } from '../../core/provider-text.ts';

const clientSecret = 's3cr3tS3cr3tS3cr';
const refreshToken = 'abcdefghijklmnopqrstuvwxyz';
const text = (value: unknown) => sanitisedText(value, [clientSecret, refreshToken]);

describe('a provider’s text', () => {
  test.each([
    ['Token is not active', 'Token is not active'],
    ['AADSTS700082: The refresh token has expired.', 'AADSTS700082: The refresh token has expired.'],
    ['OAUTHORIZATIONFAILEDx', 'OAUTHORIZATIONFAILEDx'],
    ['Invalid scopes: offline_access_everywhere', 'Invalid scopes: offline_access_everywhere'],
    ["Grant type 'refresh_token' not allowed", "Grant type 'refresh_token' not allowed"],
    ['Ungültiges Token – bitte neu anmelden', 'Ungültiges Token – bitte neu anmelden'],
    ['  two\r\nlines\u0000\u001b[31m\u202eand\u200bmore ', 'two lines [31m and more'],
  ])('%j is passed on', (given, passed) => {
    expect(text(given)).toBe(passed);
  });

  test.each([[undefined], [5], [['x']], [''], [' \r\n\u0000 ']])('%j is nothing', (given) => {
    expect(text(given)).toBeUndefined();
  });

  test('is 200 characters at most', () => {
    expect(text('word '.repeat(100))).toBe(`${'word '.repeat(40)}…`);
    expect(text('x '.repeat(100_000))).toHaveLength(201);
    // Nobody reads further than 2,000 characters of an answer.
    expect(text(`${' '.repeat(2000)}x`)).toBeUndefined();
    expect(text(`${'- '.repeat(99)}-😀`)).toBe(`${'- '.repeat(99)}-…`);
    expect(text(`😀${' -'.repeat(99)}`)).toBe(`😀${' -'.repeat(99)}`);
    expect(text(`😀${' -'.repeat(100)}`)).toBe(`😀${' -'.repeat(99)}…`);
  });

  test.each([
    ['the whole of it', `bad token ${refreshToken}!`, 'bad token [redacted]!'],
    ['in quotes', `"${refreshToken}" is bad`, '"[redacted]" is bad'],
    ['its beginning', `bad token ${refreshToken.slice(0, 8)}...`, 'bad token [redacted]'],
    ['its middle', `token=${refreshToken.slice(9, 18)}`, '[redacted]'],
    ['in other letters', `bad token ${refreshToken.toUpperCase()}`, 'bad token [redacted]'],
    ['in part percent-encoded', `bad %61bcdefghi`, 'bad [redacted]'],
    ['percent-encoded', `bad %61bcdefghijklmnop`, 'bad [redacted]'],
    ['the client secret', `client_secret ${clientSecret} is wrong`, 'client_secret [redacted] is wrong'],
  ])('a credential of the request is taken out: %s', (_how, given, passed) => {
    expect(text(given)).toBe(passed);
  });

  test('so is one that is short, or that has signs of punctuation', () => {
    expect(sanitisedText('bad secret hunter2.', ['hunter2'])).toBe('bad secret [redacted].');
    expect(sanitisedText('bad secret a,b"c d.', ['a,b"c d'])).toBe('bad secret [redacted].');
    expect(sanitisedText('bad secret a%2Cb%22c.', ['a,b"c'])).toBe('bad secret [redacted].');
    expect(sanitisedText('no secret at all', [''])).toBe('no secret at all');
  });

  test.each([
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln',
    'C0.Y29kZWNvZGVjb2Rl@',
    '0123456789abcdef',
    'QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    '550e8400-e29b-41d4-a716-446655440000',
    'x'.repeat(30),
    'abcdefghijklmnopQrstuv',
  ])('words that look like a token are removed: %s', (token) => {
    expect(text(`Session ${token} not active`)).toBe('Session [redacted] not active');
    expect(text(`{"token":"${token}"}`)).toBe('{"token":"[redacted]"}');
  });

  test('never has eight characters in a row of a credential, wherever they stand', () => {
    const credential = fc.stringMatching(/^[\w.~+/=-]{8,60}$/);
    fc.assert(
      fc.property(credential, fc.string(), fc.string(), fc.nat(52), (secret, before, after, at) => {
        const part = secret.slice(at % (secret.length - 7)).slice(0, 8 + at);
        const said = sanitisedText(before + part + after, [secret]) ?? '';
        for (let from = 0; from + 8 <= secret.length; from += 1)
          expect(said.replaceAll('[redacted]', ' ')).not.toContain(secret.slice(from, from + 8));
      }),
    );
  });
});

describe('an issuer', () => {
  test.each([
    ['https://login.example.com/', 'https://login.example.com/'],
    [
      'https://login.example.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
      'https://login.example.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
    ],
    ['', ''],
    ['<b>"x"\r\nBcc: a@b.c', '?b??x???Bcc:?a@b.c'],
    ['https://\u202eexample.com', 'https://?example.com'],
  ])('%j is shown as %j', (given, shown) => {
    expect(sanitisedIssuer(given, [])).toBe(shown);
  });

  test('is 200 characters at most, and no place for a code', () => {
    expect(sanitisedIssuer('x'.repeat(10_000), [])).toBe(`${'x'.repeat(200)}…`);
    expect(sanitisedIssuer(`https://example.com/${refreshToken}`, [refreshToken])).toBe('[redacted]');
    expect(sanitisedIssuer('https://example.com/c0de', ['c0de'])).toBe('https://example.com/[redacted]');
  });
});

describe('error_description', () => {
  test.each([
    ['{"error":"invalid_grant","error_description":"Token is \\"stale\\""}', 'Token is "stale"'],
    ['{"error_description":"described first","error":"invalid_grant"}', 'described first'],
    ['{"error":"x","error_description":"400: "{"error":"inner"}""}', '400:'],
    ['{"error":"x","error_description":["a"]}', undefined],
    ['{"error":"x"}', undefined],
    ['null', undefined],
    ['{"error_description" : "with spaces", x}', 'with spaces'],
    ['<html>error_description</html>', undefined],
    ['', undefined],
  ])('of %s', (body, description) => {
    expect(describedIn(body, [])).toStrictEqual(description === undefined ? {} : { description });
  });
});
