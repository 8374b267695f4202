import { createHash, randomUUID } from 'node:crypto';
import type { Expression, Focus } from 'jsonata';
import type { Json } from './json.ts';

/** jsonata's own functions, as its environment holds them. */
interface BuiltIn {
  implementation(this: Focus, ...args: unknown[]): unknown;
}

/** No variable can have this name, so a definition can't change the time. */
export const clockBinding = 'virtual time';

/** The algorithms of `$hash`. */
const hashAlgorithms: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Measured on AWS: the largest array, and the error for one more element. */
const maximumRange = 360_145;
export const tooMuchMemory = 'Expression evaluation memory limit exceeded: Check for excessive memory usage';

/**
 * Adds the functions that Step Functions adds to JSONata, and replaces the machine's time with the clock's.
 * The expression must be evaluated with the virtual time, in epoch milliseconds, bound to `clockBinding`.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-data-jsonata-functions
 */
export function addFunctions(expression: Expression): void {
  expression.registerFunction('partition', partition, '<an:x>');
  expression.registerFunction('range', range, '<nnn?:x>');
  expression.registerFunction('hash', hash, '<ss?:s>');
  expression.registerFunction('random', random, '<n?:n>');
  expression.registerFunction('uuid', () => randomUUID(), '<:s>');
  expression.registerFunction('parse', parse, '<s:x>');
  expression.registerFunction(
    'millis',
    function (this: Focus) {
      return millis(this.environment);
    },
    '<:n>',
  );
  expression.registerFunction('now', now, '<s?s?:s>');
  // `$toMillis` fills what a picture leaves out from the evaluation's time stamp, which jsonata takes from the
  // machine; this hook of jsonata runs first thing in every evaluation.
  const stamp = (_node: unknown, _input: unknown, environment: Focus['environment'] & { base?: unknown }) => {
    if (environment.base !== environment) return;
    Object.assign(environment, { timestamp: new Date(millis(environment)) });
  };
  expression.assign(Symbol.for('jsonata.__evaluate_entry') as unknown as string, stamp);
}

function millis(environment: Focus['environment']): number {
  return environment.lookup(clockBinding) as number;
}

function now(this: Focus, picture?: string, timezone?: string): unknown {
  const fromMillis = this.environment.lookup('fromMillis') as BuiltIn;
  return fromMillis.implementation.call(this, millis(this.environment), picture, timezone);
}

/** Measured on AWS, as for `range`: fractions are cut off, and an empty result is undefined. */
function partition(items?: Json[], size?: number): Json[][] | undefined {
  const length = Math.trunc(size ?? 0);
  if (items === undefined || items.length === 0 || length < 1) return undefined;
  return Array.from({ length: Math.ceil(items.length / length) }, (_, at) =>
    items.slice(at * length, (at + 1) * length),
  );
}

function range(...given: (number | undefined)[]): number | number[] | undefined {
  const [first = NaN, last = NaN, step = NaN] = given.map((bound) => bound && Math.trunc(bound));
  const length = Math.floor((last - first) / step) + 1;
  if (!Number.isFinite(length) || length < 1) return undefined;
  if (length > maximumRange) throw new Error(tooMuchMemory);
  // JSONata returns a single element without its array.
  return length === 1 ? first : Array.from({ length }, (_, at) => first + at * step);
}

/** AWS's code for errors of its own functions. */
function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: 'D3137' });
}

function hash(text?: string, algorithm?: string): string | undefined {
  if (text === undefined || algorithm === undefined) return undefined;
  const name = hashAlgorithms[algorithm];
  if (!name) {
    throw refusal(`Hash algorithm '${algorithm}' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5`);
  }
  return createHash(name).update(text).digest('hex');
}

/** The same seed gives the same number. AWS's own numbers are not documented. */
function random(seed?: number): number {
  if (seed === undefined) return Math.random();
  return createHash('sha256').update(String(seed)).digest().readUInt32BE(0) / 2 ** 32;
}

function parse(text?: string): Json | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw refusal('Invalid JSON');
  }
}
