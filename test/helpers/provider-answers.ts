import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import type { TokenRefusal } from '../../core/token-refusal.ts';
import type { HttpAnswer } from './token-server.ts';

/** One answer of a token endpoint as it was documented or seen, and what must come of it. */
export interface ProviderAnswer {
  /** `schwab/dead-a`. */
  readonly name: string;
  /** A key of `kinds`. */
  readonly kind: string;
  /** Where it was documented or seen. */
  readonly source: string;
  readonly request: 'authorization_code' | 'refresh_token';
  /** What the adapter makes of it. */
  readonly answer:
    | { readonly kind: 'tokens'; readonly tokens: Readonly<Record<string, string | number>> }
    | { readonly kind: 'refused'; readonly refusal: TokenRefusal; readonly error: string };
  /** What `refresh-tokens` makes of it: its outcome, or the name of its error. */
  readonly outcome?: string;
  /** What the execution goes on to do. */
  readonly decision: Readonly<Record<string, string>>;
  readonly http: HttpAnswer;
}

const folder = 'test/fixtures/providers';

/**
 * Every answer in the corpus. A file has what is expected (`key: JSON`), a blank line, and the HTTP answer as it comes
 * over the wire, without the line feed that ends the file; a body in gzip is written out.
 */
export function providerAnswers(): ProviderAnswer[] {
  return globSync(`${folder}/*/*.txt`)
    .toSorted()
    .map((path) => {
      const [, expected, status, headers, body] =
        /^(.+?)\n\nHTTP\/1\.1 (\d{3})[^\n]*\n(.*?)\n\n(.*)\n$/s.exec(readFileSync(path, 'utf8'))!;
      const kind = basename(dirname(path));
      return {
        ...(Object.fromEntries(fields(expected!).map(([key, value]) => [key, JSON.parse(value)])) as Pick<
          ProviderAnswer,
          'source' | 'request' | 'answer' | 'outcome' | 'decision'
        >),
        name: `${kind}/${basename(path, '.txt')}`,
        kind,
        http: {
          status: Number(status),
          headers: Object.fromEntries(fields(headers!).map(([key, value]) => [key.toLowerCase(), value])),
          body: body!,
        },
      };
    });
}

function fields(lines: string): [string, string][] {
  return lines.split('\n').map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}
