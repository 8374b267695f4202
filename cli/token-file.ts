import { readFileSync } from 'node:fs';

import * as z from 'zod/mini';

import { Secret } from '../core/secret.ts';
import { isPrintable } from '../core/token-answer.ts';
import { CommandError } from './output.ts';

/** The programs whose files can be imported. */
export const sources = ['schwab-py', 'schwabdev', 'oauth'] as const;
export type Source = (typeof sources)[number];

/** The content of a file. Times are epoch milliseconds. */
export interface TokenFile {
  readonly refreshToken: Secret;
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope: string | undefined;
  /** When the access token ends, if the file says it. */
  readonly accessExpiresAtMs: number | undefined;
  /** When the owner logged in, if the file says it. */
  readonly authorizedAtMs: number | undefined;
}

const text = z.string().check(z.minLength(1));
const printable = z.string().check(z.refine(isPrintable));
const TokenSchema = z.object({
  access_token: printable,
  refresh_token: printable,
  token_type: z.optional(printable),
  scope: z.optional(z.nullable(z.union([z.literal(''), printable]))),
  expires_in: z.optional(z.number()),
  /** Epoch seconds, as Authlib writes it. */
  expires_at: z.optional(z.number()),
});
/** https://schwab-py.readthedocs.io: `creation_timestamp` is the time of the login, also after refreshes. */
const SchwabPySchema = z.object({ creation_timestamp: z.number(), token: TokenSchema });
/** Schwabdev before 3: a JSON file. */
const SchwabdevSchema = z.object({
  access_token_issued: text,
  refresh_token_issued: text,
  token_dictionary: TokenSchema,
});
const RowSchema = z.extend(z.omit(TokenSchema, { expires_in: true, expires_at: true }), {
  access_token_issued: text,
  refresh_token_issued: text,
  expires_in: z.optional(z.nullable(z.number())),
});

/**
 * Reads a token file of another program. No error quotes the file.
 * @throws {CommandError} says what is wrong with the file, and what to do
 */
export async function readTokenFile(source: Source, path: string): Promise<TokenFile> {
  const bytes = read(path);
  if (source === 'schwabdev' && bytes.subarray(0, 15).toString() === 'SQLite format 3')
    return fromDatabase(path);
  let value: unknown;
  try {
    // Windows editors write a byte order mark.
    value = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    throw new CommandError(
      `${path} is not whole: it is no JSON${source === 'schwabdev' ? ', nor a database' : ''}. Copy it again while nothing writes to it.`,
    );
  }
  switch (source) {
    case 'schwab-py': {
      const { creation_timestamp: createdSeconds, token } = parsed(SchwabPySchema, value, source, path);
      return foundOf(token, createdSeconds * 1000, undefined);
    }
    case 'schwabdev': {
      const file = parsed(SchwabdevSchema, value, source, path);
      return foundOf(
        file.token_dictionary,
        timeOf(file.refresh_token_issued),
        timeOf(file.access_token_issued),
      );
    }
    case 'oauth':
      return foundOf(parsed(TokenSchema, value, source, path), undefined, undefined);
  }
}

/** Schwabdev since 3: one row of a database. */
async function fromDatabase(path: string): Promise<TokenFile> {
  const { DatabaseSync } = await import('node:sqlite');
  let row: unknown;
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    row = database.prepare('SELECT * FROM schwabdev LIMIT 1').get();
    database.close();
  } catch {
    throw new CommandError(`${path} is a database, and none of Schwabdev's: it has no table schwabdev.`);
  }
  if (row === undefined)
    throw new CommandError(
      `${path} holds no tokens: log in with Schwabdev once, or ask the owner to log in here.`,
    );
  const { expires_in: expiresIn, ...rest } = parsed(RowSchema, row, 'schwabdev', path);
  if (rest.refresh_token.startsWith('enc:')) {
    throw new CommandError(
      `${path} is encrypted. Open it once with Schwabdev without the option encryption, or ask the owner to log in here.`,
    );
  }
  const token = { ...rest, ...(expiresIn && { expires_in: expiresIn }) };
  return foundOf(token, timeOf(rest.refresh_token_issued), timeOf(rest.access_token_issued));
}

function foundOf(
  token: z.infer<typeof TokenSchema>,
  authorizedAtMs: number | undefined,
  issuedAtMs: number | undefined,
): TokenFile {
  const { expires_at: expiresAt, expires_in: expiresIn } = token;
  const issuedEndMs =
    issuedAtMs === undefined || expiresIn === undefined ? undefined : issuedAtMs + expiresIn * 1000;
  return {
    refreshToken: new Secret(token.refresh_token),
    accessToken: new Secret(token.access_token),
    tokenType: token.token_type ?? 'Bearer',
    scope: token.scope ?? undefined,
    accessExpiresAtMs: expiresAt === undefined ? issuedEndMs : expiresAt * 1000,
    authorizedAtMs,
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') throw new CommandError(`There is no file ${path}.`);
    throw new CommandError(`${path} cannot be read: ${code ?? 'unknown error'}.`);
  }
}

function parsed<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
  source: Source,
  path: string,
): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') || 'everything';
  const other = sources.find((each) => each !== source && looksLike(each, value));
  throw new CommandError(
    other === undefined
      ? `${path} is no file of ${source}: ${field} is missing or malformed.`
      : `${path} is no file of ${source}: ${field} is missing. It looks like one of ${other}: give --from ${other}.`,
  );
}

function looksLike(source: Source, value: unknown): boolean {
  const schema = { 'schwab-py': SchwabPySchema, schwabdev: SchwabdevSchema, oauth: TokenSchema }[source];
  return schema.safeParse(value).success;
}

/** Schwabdev's times without a zone are UTC. */
function timeOf(iso: string): number | undefined {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(iso);
  const atMs = Date.parse(hasZone ? iso : `${iso}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
