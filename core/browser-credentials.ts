import * as z from 'zod/mini';

/** A seed of one-time codes: Base32 (RFC 4648 §6), spaces allowed, as providers show it. */
const seedPattern = /^[A-Za-z2-7][A-Za-z2-7 ]{14,}={0,6}$/;

/** The address in a QR code. https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
const uriPattern = /^otpauth:\/\/totp\/\S+$/i;

const Word = z.string().check(z.minLength(1), z.maxLength(256), z.regex(/^\P{Cc}+$/u));

/** The credentials of a browser login: the value of `grantkeeper-browser-login/<stack>/<connectionId>`. */
export const BrowserCredentialsSchema = z.strictObject({
  username: Word,
  password: Word,
  totp_seed: z.optional(
    z.string().check(
      z.maxLength(1000),
      z.refine((seed) => isSeed(seed)),
    ),
  ),
});
export type BrowserCredentials = z.infer<typeof BrowserCredentialsSchema>;

export function isSeed(text: string): boolean {
  return seedPattern.test(text) || uriPattern.test(text);
}

/** Describes the problem with a value that should be credentials, without quoting it. Undefined if it is valid. */
export function problemOfBrowserCredentials(value: unknown): string | undefined {
  const parsed = BrowserCredentialsSchema.safeParse(value);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') return 'they have fields that are not known';
  const field = issue.path.join('.');
  return field === '' ? 'they are not an object' : `${field} is missing or not usable`;
}
