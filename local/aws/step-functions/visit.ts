import type { Timer } from '../clock.ts';
import { maximumSeconds, type Exit } from './definition.ts';
import { tooLarge, type StateFailure } from './failure.ts';
import type { HistoryEventType } from './history.ts';
import { maximumPayloadBytes, payloadBytes, type Json } from './json.ts';
import type { Template } from './template.ts';
import type { TokenOutcome } from './task-tokens.ts';
import type { Integration, TaskArguments } from './integrations.ts';

/** Members of `$states` that only some fields have. */
export type Extra = Readonly<{ result?: Json; errorOutput?: Json }>;

/** One visit to one state: the states' view of their execution. */
export interface Visit {
  readonly stateName: string;
  readonly input: Json;
  nowMs(): number;
  /** Shown as `$states.context.State.RetryCount`: only tasks have one. */
  retryCount: number | undefined;
  /** Shown as `$states.context.Task.Token`. */
  taskToken: string | undefined;
  /** @throws {StateFailure} from `evaluationFailure` */
  evaluate(template: Template, field: string, extra?: Extra): Promise<Json>;
  /** Records in history that a field's expression returned a value that the field cannot have. */
  evaluationFailure(template: Template, field: string, what: string): StateFailure;
  /** A `States.Runtime` failure. */
  runtimeFailure(what: string): StateFailure;
  event(type: HistoryEventType, details: Record<string, Json | undefined>): void;
  /**
   * Waits without holding up the clock.
   * @param begin starts the work that calls `resume`; only the first call counts
   */
  pause<T>(begin: (resume: (value: T) => void) => void): Promise<T>;
  /** A timer that ends with the execution. `what` is its label. */
  timer(atMs: number, what: string, run: () => void): Timer;
  /** A timer in real time, for calls during which the clock stands still. */
  callTimer(afterMs: number, run: () => void): Timer;
  issueToken(settle: (outcome: TokenOutcome) => void): string;
  closeToken(token: string): void;
  /** Runs an integration with the machine's role. Time stands still until it ends. */
  call(integration: Integration, args: TaskArguments): Promise<Json>;
}

/** How a state ended. Without `next` the execution has succeeded. */
export interface Left {
  readonly output: Json;
  readonly assigned: Readonly<Record<string, Json>>;
  readonly next: string | undefined;
}

/**
 * Evaluates `Assign` and `Output` of a state, rule or catcher. Neither sees the other's result: variables "are assigned
 * in parallel" and can be read from the next state on.
 * @param otherwise the output where no `Output` is given
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
 */
export async function leave(
  visit: Visit,
  exit: Exit,
  otherwise: Json,
  { field = '', extra = {} }: { field?: string; extra?: Extra } = {},
): Promise<Left> {
  const assigned: Record<string, Json> = {};
  for (const [name, template] of Object.entries(exit.Assign ?? {})) {
    assigned[name] = await visit.evaluate(template, `${field}Assign/${name}`, extra);
  }
  const output = exit.Output ? await visit.evaluate(exit.Output, `${field}Output`, extra) : otherwise;
  requireSize(visit, output);
  requireSize(visit, assigned);
  return { output, assigned, next: exit.Next };
}

/** @throws {StateFailure} `States.DataLimitExceeded` */
export function requireSize(visit: Visit, value: Json): void {
  if (!isTooLarge(value)) return;
  throw tooLarge(visit.stateName, { isTerminal: true });
}

export function isTooLarge(value: Json): boolean {
  return payloadBytes(JSON.stringify(value)) > maximumPayloadBytes;
}

type JsonType = 'boolean' | 'number' | 'string';

/** Evaluates a field of a fixed type. */
export async function evaluateAs<Type extends JsonType>(
  visit: Visit,
  template: Template,
  field: string,
  expected: Type,
): Promise<{ boolean: boolean; number: number; string: string }[Type]> {
  const value = await visit.evaluate(template, field);
  const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  if (actual === expected) return value as never;
  throw visit.evaluationFailure(
    template,
    field,
    `returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${JSON.stringify(value)}`,
  );
}

/** A whole number of seconds, given or computed. */
export async function secondsOf(
  visit: Visit,
  template: Template,
  field: string,
  minimum: number,
): Promise<number> {
  const value = await evaluateAs(visit, template, field, 'number');
  if (Number.isInteger(value) && value >= minimum && value <= maximumSeconds) return value;
  throw visit.evaluationFailure(
    template,
    field,
    `returned ${value}, which is not a whole number between ${minimum} and ${maximumSeconds}.`,
  );
}
