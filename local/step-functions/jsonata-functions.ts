import { createHash, randomUUID } from 'node:crypto';
import type { Expression, Focus } from 'jsonata';
import type { Json } from './json.ts';

/** jsonata's own functions, as its environment holds them. */
interface BuiltIn {
  implementation(this: Focus, ...args: unknown[]): unknown;
}

/** No variable can have this name, so none can change the time. */
export const clockBinding = 'virtual time';

/** `$hash` knows these, by these names. */
const hashAlgorithms: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** The intrinsic `States.ArrayRange`, which `$range` stands for, makes up to 1,000 elements. */
const maximumRange = 1000;

/**
 * Adds what Step Functions adds to JSONata, and puts the clock's time in place of the machine's.
 * The expression must be evaluated with the virtual time, in epoch milliseconds, bound to `clockBinding`.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-data-jsonata-functions
 */
export function addFunctions(expression: Expression): void {
  expression.registerFunction('partition', partition, '<an:a<a>>');
  expression.registerFunction('range', range, '<nnn:a<n>>');
  expression.registerFunction('hash', hash, '<ss:s>');
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

function partition(items: Json[] | undefined, size: number | undefined): Json[][] | undefined {
  if (items === undefined || size === undefined) return undefined;
  if (!Number.isInteger(size) || size < 1) throw new Error('$partition takes a positive whole size');
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

function range(first?: number, last?: number, step?: number): number[] | undefined {
  if (first === undefined || last === undefined || step === undefined || step === 0) return undefined;
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > maximumRange) throw new Error(`$range makes up to ${maximumRange} elements, not ${length}`);
  return Array.from({ length }, (_, at) => first + at * step);
}

function hash(text?: string, algorithm?: string): string | undefined {
  if (text === undefined || algorithm === undefined) return undefined;
  const name = hashAlgorithms[algorithm];
  if (!name) {
    throw new Error(`$hash knows ${Object.keys(hashAlgorithms).join(', ')}, not ${algorithm}`);
  }
  return createHash(name).update(text).digest('hex');
}

/** With a seed, the same number each time; which number AWS would give is not documented. */
function random(seed?: number): number {
  if (seed === undefined) return Math.random();
  return createHash('sha256').update(String(seed)).digest().readUInt32BE(0) / 2 ** 32;
}

function parse(text?: string): Json | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
