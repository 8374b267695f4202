import type { z } from 'zod/mini';

type Path = readonly PropertyKey[];

/** A key as an operator writes it, for `pulumi config set --path`: `grantkeeper:operators.emails[0]`. */
export function keyOf(path: Path): string {
  const steps = path.map((step, index) => {
    if (typeof step === 'number') return `[${step}]`;
    const name = String(step);
    if (!/^[\w-]+$/.test(name)) return `["${name}"]`;
    return index === 0 ? name : `.${name}`;
  });
  return `grantkeeper:${steps.join('')}`;
}

/** One line: the key, its value, what is allowed. */
export function problemAt(path: Path, value: unknown, allowed: string): string {
  return `${keyOf(path)} ${value === undefined ? 'is missing' : `is ${show(value)}`}: ${allowed}`;
}

/** One line for each thing that an issue of the schema names. */
export function problemsOf(issue: z.core.$ZodIssue, key: string, value: unknown): string[] {
  const path = [key, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (name) => `${keyOf([...path, name])} is not a known key: ${issue.message}${ofStep(path)}`,
    );
  }
  const found = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step],
    value,
  );
  return [problemAt(path, found, `${issue.message}${ofStep(path)}`)];
}

/** Steps of recipes count from 1, for people; keys from 0. */
function ofStep(path: Path): string {
  const index = path[path.indexOf('steps') + 1];
  return path.includes('steps') && typeof index === 'number' ? ` (step ${index + 1})` : '';
}

/** What is allowed, where the schema itself does not say so; where it cannot be said better, zod does. */
export function allowed(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values.map(String))}`;
    case 'too_small':
      return `must ${measure(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${measure(issue.origin, 'at most', issue.maximum)}`;
    case 'unrecognized_keys':
      return `must be ${oneOf(Object.keys((issue.inst as z.ZodMiniObject).shape))}`;
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'custom':
      return undefined;
  }
}

export function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? choices[0]! : `one of ${choices.join(', ')}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of keys',
};

function measure(origin: string, bound: string, limit: number | bigint): string {
  const isSized = origin === 'string' || origin === 'array';
  if (isSized && bound === 'at least' && limit === 1) return 'not be empty';
  if (origin === 'string') return `have ${bound} ${limit} characters`;
  if (origin === 'array') return `have ${bound} ${limit} entries`;
  return `be ${bound} ${limit}`;
}

/** Never the inside of a block: somebody may have put a credential there. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `a block of ${Object.keys(value).join(', ')}`;
  // Of a URL, not who logs in there, and with what.
  const text = JSON.stringify(value).replace(/\/\/[^/?#"]*@/, '//…@');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
