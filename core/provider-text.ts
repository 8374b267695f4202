import { parseJson } from './parse-json.ts';

const longestText = 200;
const redacted = '[redacted]';

/** A match of this many characters of a credential is no accident. */
const piece = 8;

/** Splits sentences, and JSON inside them. */
const word = /[^\s"'{}[\](),;<>]+/g;

/**
 * Text that a provider wrote for people, such as `error_description`, made safe for a message to operators: one short
 * line, without control characters, without any piece of the given credentials, and without what looks like a token.
 */
export function sanitisedText(text: unknown, credentials: readonly string[]): string | undefined {
  if (typeof text !== 'string') return undefined;
  const pieces = credentials.flatMap(piecesOf);
  const line = withoutCredentials(text.slice(0, 2000), credentials)
    .replaceAll(word, (each) => (looksLikeToken(each) || holdsAny(each, pieces) ? redacted : each))
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S}]+/gu, ' ')
    .trim();
  return line === '' ? undefined : shortened(line);
}

/** An issuer as somebody claims it (RFC 9207 §2): every character that a URL cannot have is shown as `?`. */
export function sanitisedIssuer(issuer: string, credentials: readonly string[]): string {
  if (holdsAny(issuer, credentials.flatMap(piecesOf))) return redacted;
  return shortened(
    withoutCredentials(issuer.slice(0, 2000), credentials).replaceAll(/[^\w:/?#@!$&()*+,;=.~%[\]-]/g, '?'),
  );
}

/** The sanitised `error_description` of an error body (RFC 6749 §5.2), also of one that is almost JSON. */
export function describedIn(
  body: string,
  credentials: readonly string[],
): { readonly description?: string | undefined } {
  const description = sanitisedText(descriptionIn(body), credentials);
  return description === undefined ? {} : { description };
}

function descriptionIn(body: string): unknown {
  const parsed = parseJson(body) as { error_description?: unknown } | null | undefined;
  return parsed === undefined
    ? /"error_description"\s*:\s*"([^"\\]*)/.exec(body)?.[1]
    : parsed?.error_description;
}

/** Matches words of 16 characters or more with a digit or mixed case, and very long ones, but not `invalid_refresh_token`. */
function looksLikeToken(word: string): boolean {
  return word.length >= 16 && (/\d|\p{Ll}.*\p{Lu}/u.test(word) || /[\p{L}\p{M}]{30,}/u.test(word));
}

function holdsAny(word: string, pieces: readonly string[]): boolean {
  const forms = [word, decoded(word)].map((form) => form.toLowerCase());
  return pieces.some((each) => forms.some((form) => form.includes(each)));
}

function piecesOf(credential: string): string[] {
  const words = credential.toLowerCase().match(word) ?? [];
  return words.flatMap((each) =>
    Array.from({ length: Math.max(0, each.length - piece + 1) }, (_, at) => each.slice(at, at + piece)),
  );
}

/** Redacts whole credentials, also those shorter than a piece. A text of three characters is no secret. */
function withoutCredentials(text: string, credentials: readonly string[]): string {
  const forms = credentials.flatMap((credential) => [credential, encodeURIComponent(credential)]);
  return [...new Set(forms)]
    .filter(({ length }) => length >= 4)
    .reduce((rest, credential) => rest.replaceAll(credential, redacted), text);
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function shortened(text: string): string {
  if (text.length <= longestText) return text;
  // The cut may split a character outside the basic plane: half of one is no valid text.
  return `${text.slice(0, longestText).replace(/\p{Cs}$/u, '')}…`;
}
