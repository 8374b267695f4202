/** The files that other programs keep their grants in, as they write them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';

import type { Source } from '../../cli/token-file.ts';
import { readTokenFile } from '../../cli/token-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/grantkeeper-token-file-`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const loginMs = Date.UTC(2026, 0, 5, 12);
const endMs = Date.UTC(2026, 0, 5, 13, 20);
const credentials = { access_token: 'acc3ss-t0ken', refresh_token: 'r3fresh-t0ken' };
const token = { ...credentials, token_type: 'Bearer', scope: 'api', expires_in: 1800, id_token: 'x.y.z' };

const file = (name: string, content: string) => {
  writeFileSync(`${folder}/${name}`, content);
  return `${folder}/${name}`;
};
const schwabPy = (change: object = {}) =>
  JSON.stringify({
    creation_timestamp: loginMs / 1000,
    token: { ...token, expires_at: endMs / 1000 },
    ...change,
  });
const schwabdev = JSON.stringify({
  access_token_issued: '2026-01-05T12:50:00.000000+00:00',
  refresh_token_issued: '2026-01-05T12:00:00.000000+00:00',
  token_dictionary: token,
});

function database(name: string, change: (text: string) => string = (text) => text): string {
  const path = `${folder}/${name}`;
  const made = new DatabaseSync(path);
  made.exec(
    'CREATE TABLE schwabdev (access_token_issued TEXT NOT NULL, refresh_token_issued TEXT NOT NULL, access_token TEXT NOT NULL, refresh_token TEXT NOT NULL, id_token TEXT NOT NULL, expires_in INTEGER, token_type TEXT, scope TEXT)',
  );
  made
    .prepare('INSERT INTO schwabdev VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    // Without a zone, as its older versions wrote it.
    .run(
      '2026-01-05T12:50:00',
      '2026-01-05T12:00:00',
      change(token.access_token),
      change(token.refresh_token),
      change('x.y.z'),
      1800,
      'Bearer',
      'api',
    );
  made.close();
  return path;
}

describe('a grant is found', () => {
  test.each<[string, Source, () => string]>([
    ['of schwab-py', 'schwab-py', () => file('token.json', schwabPy())],
    ['of Schwabdev in a file', 'schwabdev', () => file('tokens.json', schwabdev)],
    ['of Schwabdev in a database', 'schwabdev', () => database('tokens.db')],
  ])('%s, with the time of its login and the end of its access token', async (_what, source, write) => {
    const found = await readTokenFile(source, write());
    expect(found).toMatchObject({
      tokenType: 'Bearer',
      scope: 'api',
      authorizedAtMs: loginMs,
      accessExpiresAtMs: endMs,
    });
    expect(found.refreshToken.reveal()).toBe('r3fresh-t0ken');
    expect(found.accessToken.reveal()).toBe('acc3ss-t0ken');
    expect(JSON.stringify(found)).not.toContain('t0ken');
  });

  test('in a plain answer of a token endpoint, which tells no times', async () => {
    const found = await readTokenFile('oauth', file('answer.json', JSON.stringify(credentials)));
    expect(found).toMatchObject({
      tokenType: 'Bearer',
      scope: undefined,
      authorizedAtMs: undefined,
      accessExpiresAtMs: undefined,
    });
  });
});

describe('what is no use is said with its remedy, and without a word of what is in it', () => {
  test.each<[string, Source, () => string, string]>([
    ['is not there', 'schwab-py', () => `${folder}/none.json`, 'There is no file '],
    ['is a folder', 'schwab-py', () => folder, 'cannot be read: EISDIR.'],
    [
      'is cut off',
      'schwab-py',
      () => file('cut.json', schwabPy().slice(0, 120)),
      'is not whole: it is no JSON. Copy it again while nothing writes to it.',
    ],
    [
      'is of another program',
      'schwab-py',
      () => file('other.json', schwabdev),
      'creation_timestamp is missing. It looks like one of schwabdev: give --from schwabdev.',
    ],
    [
      'is of no program that is known',
      'schwabdev',
      () => file('unknown.json', JSON.stringify({ tokens: [token.access_token] })),
      'is no file of schwabdev: access_token_issued is missing or malformed.',
    ],
    [
      'has no refresh token',
      'oauth',
      () => file('access.json', JSON.stringify({ access_token: token.access_token })),
      'is no file of oauth: refresh_token is missing or malformed.',
    ],
    ...(['access_token', 'refresh_token', 'token_type', 'scope'] as const).map(
      (field): [string, Source, () => string, string] => [
        `has a ${field} that no header can have`,
        'schwab-py',
        () => file(`odd-${field}.json`, schwabPy({ token: { ...token, [field]: 'odd t0ken\r\n' } })),
        `is no file of schwab-py: token.${field} is missing or malformed.`,
      ],
    ),
    [
      'is a database with a token that no header can have',
      'schwabdev',
      () => database('odd.db', (text) => `${text}\n`),
      'is no file of schwabdev: access_token is missing or malformed.',
    ],
    [
      'is a database of something else',
      'schwabdev',
      () => {
        const path = `${folder}/else.db`;
        const made = new DatabaseSync(path);
        made.exec('CREATE TABLE other (a TEXT)');
        made.close();
        return path;
      },
      "is a database, and none of Schwabdev's: it has no table schwabdev.",
    ],
    [
      'is an encrypted database',
      'schwabdev',
      () => database('encrypted.db', (text) => `enc:${text}`),
      'is encrypted. Open it once with Schwabdev without the option encryption',
    ],
  ])('where it %s', async (_what, source, write, words) => {
    const failure = await readTokenFile(source, write()).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ name: 'CommandError', message: expect.stringContaining(words) });
    expect((failure as Error).message).not.toContain('t0ken');
  });
});
