import jsonata from 'jsonata';
import type { JsonataError } from 'jsonata';
import type { Json } from './json.ts';
import { addFunctions, clockBinding, tooMuchMemory } from './jsonata-functions.ts';
import { findUnsupportedReferences, type Available } from './references.ts';

export interface Scope {
  readonly states: Record<string, Json>;
  readonly variables: Readonly<Record<string, Json>>;
  readonly nowMs: number;
}

/** An expression failed or returned nothing. It becomes `States.QueryEvaluationError`. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  readonly field: string;

  constructor(source: string, field: string, what: string) {
    super(`The JSONata expression '${source}' specified for the field '${field}' ${what}`);
    this.field = field;
  }
}

/**
 * A compiled field: JSON with JSONata strings at any depth.
 * @param field its place, as AWS names it in causes, for example `Catch[0]/Assign/alert`
 * @throws {EvaluationError}
 */
export type Template = ((scope: Scope, field: string) => Promise<Json>) & {
  /** Evaluates one expression. */
  readonly source?: string;
};

export type ReportCode =
  'INVALID_JSONATA_EXPRESSION' | 'UNSUPPORTED_JSONATA_EXPRESSION' | 'SCHEMA_VALIDATION_FAILED';

/** A problem of a definition, at a place below the compiled field. */
export type Report = (code: ReportCode, message: string, path: (string | number)[]) => void;

/**
 * AWS doesn't document its limits. Measured: `1 + 1 + …` works with 100 terms and fails with 101; `[1..873783]` fails.
 * AWS's time limit is unknown; here it keeps a runaway expression from hanging the whole cloud.
 * @see https://github.com/floci-io/floci/issues/2737
 */
const evaluationLimits = { timeout: 2000, stack: 100, sequence: 873_782 };

/**
 * Compiles strings of the form `{% … %}` and leaves everything else as it is. Keys are never evaluated.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#writing-jsonata-expressions-in-json-strings
 */
export function compileTemplate(
  value: unknown,
  available: Available,
  report: Report,
  path: (string | number)[] = [],
): Template {
  if (typeof value === 'string') return compileString(value, available, report, path);
  if (Array.isArray(value)) {
    const items = value.map((item, at) => compileTemplate(item, available, report, [...path, at]));
    return async (scope, field) => {
      const evaluated: Json[] = [];
      for (const [at, item] of items.entries()) evaluated.push(await item(scope, `${field}[${at}]`));
      return evaluated;
    };
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]) => [key, compileTemplate(member, available, report, [...path, key])] as const,
    );
    return async (scope, field) => {
      const evaluated: [string, Json][] = [];
      for (const [key, member] of members) evaluated.push([key, await member(scope, `${field}/${key}`)]);
      return Object.fromEntries(evaluated);
    };
  }
  return async () => value as Json;
}

function compileString(
  text: string,
  available: Available,
  report: Report,
  path: (string | number)[],
): Template {
  const literal: Template = async () => text;
  const opened = text.startsWith('{%');
  const closed = text.endsWith('%}');
  // In a recording of AWS, a string with spaces at both ends is ordinary text.
  if (!opened && !closed) return literal;
  // "with no leading spaces … no trailing spaces. Improperly opening or closing the expression will result in a validation error."
  if (!opened || !closed || text.length < 4) {
    const message = 'A JSONata expression starts with {% and ends with %}, without spaces around them';
    report('SCHEMA_VALIDATION_FAILED', message, path);
    return literal;
  }
  const source = text.slice(2, -2).trim();
  try {
    const expression = jsonata(source, evaluationLimits);
    addFunctions(expression);
    for (const problem of findUnsupportedReferences(expression.ast(), available)) {
      report('UNSUPPORTED_JSONATA_EXPRESSION', problem, path);
    }
    const compiled = (scope: Scope, field: string) => evaluate(expression, source, scope, field);
    return Object.assign(compiled, { source });
  } catch (error) {
    report('INVALID_JSONATA_EXPRESSION', String((error as Partial<JsonataError>).message), path);
    return literal;
  }
}

async function evaluate(
  expression: jsonata.Expression,
  source: string,
  scope: Scope,
  field: string,
): Promise<Json> {
  let result: unknown;
  try {
    const bindings = { ...scope.variables, states: scope.states, [clockBinding]: scope.nowMs };
    result = toPlainJson(await expression.evaluate(undefined, bindings));
  } catch (error) {
    throw new EvaluationError(source, field, `threw an error during evaluation${describe(error)}`);
  }
  if (result === undefined) throw new EvaluationError(source, field, 'returned nothing (undefined).');
  return result as Json;
}

/** AWS's own errors have no code, and other messages than jsonata's. */
const guardrails: Readonly<Record<string, string>> = {
  D1011:
    'Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive',
  D1012: 'Expression evaluation timeout: Check for infinite loop',
  D2015: tooMuchMemory,
};

function describe(error: unknown): string {
  const { code = '', message } = error as Partial<JsonataError>;
  const refusal = guardrails[code];
  if (refusal !== undefined) return `: ${refusal}`;
  return code === '' ? `: ${message}` : `. ${code}: ${message}`;
}

/**
 * A result as plain JSON. jsonata's arrays have extra properties (`sequence`, `keepSingleton`), its objects may have
 * undefined members, and its functions are values.
 */
function toPlainJson(value: unknown): Json | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === 'function' || isJsonataFunction(value)) throw new Error('The result is a function');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`The result is ${value}`);
  if (Array.isArray(value)) return value.map(toPlainJson).filter((item) => item !== undefined);
  if (typeof value !== 'object') return value as Json;
  const members: [string, Json][] = [];
  for (const [key, member] of Object.entries(value)) {
    const plain = toPlainJson(member);
    if (plain !== undefined) members.push([key, plain]);
  }
  return Object.fromEntries(members);
}

function isJsonataFunction(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('_jsonata_function' in value || '_jsonata_lambda' in value)
  );
}
