/** The operations of one service, as a table: what each takes, which permission it needs, and what it answers. */
import * as z from 'zod';
import { AwsError, notSupported } from './errors.ts';
import type { Authorize, AwsService, Caller } from './service.ts';
import { parseInput } from './validate.ts';

export type Input = Record<string, unknown>;
export type Output = Record<string, unknown>;
export type Operation = (input: Input, caller: Caller) => Output | Promise<Output>;

interface Access<Given> {
  /** ARN of the resource that the caller needs permission for; `*` where the action has no resource level. */
  readonly on?: (given: Given) => string;
  /** The action, where it is not called as the operation is. */
  readonly action?: string;
}

type Define = <Schema extends z.ZodType>(
  operation: string,
  schema: Schema,
  answer: (given: z.output<Schema>, caller: Caller) => Output | Promise<Output>,
  access?: Access<z.output<Schema>>,
) => [string, Operation];

/**
 * @param service as in a policy: the prefix of its actions
 * @param code its name for bad input, where that is not `ValidationException`
 */
export function definer(service: string, authorize: Authorize, code?: string): Define {
  return (operation, schema, answer, { on = () => '*', action = operation } = {}) => [
    operation,
    (input, caller) => {
      const given = parseInput(`${service}:${operation}`, schema, input, code);
      authorize(caller, `${service}:${action}`, on(given));
      return answer(given, caller);
    },
  ];
}

/** A service that is its table. */
export class TableService implements AwsService {
  readonly #service: string;
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(service: string, operations: Iterable<readonly [string, Operation]>) {
    this.#service = service;
    this.#operations = new Map(operations);
  }

  async call(operation: string, input: Input, caller: Caller): Promise<Output> {
    const perform = this.#operations.get(operation);
    if (!perform) throw notSupported(`${this.#service}:${operation}`, [...this.#operations.keys()]);
    return perform(input, caller);
  }
}

/** A number of items, which the Query protocol and a query string write as text. */
export const Count = (most: number) => z.coerce.number().int().min(1).max(most).optional();
export const Token = z.string().min(1).optional();

/**
 * One page of a list. Its token is the place where the next one begins.
 * @throws {AwsError} `code` for a token that was not given out
 */
export function paged<Item>(
  items: readonly Item[],
  {
    max,
    token = '0',
    code = 'InvalidNextTokenException',
  }: { max: number; token?: string | undefined; code?: string },
): { items: Item[]; next?: string } {
  if (!/^\d{1,9}$/.test(token)) throw new AwsError(code, 'The token for the next page is not valid.');
  const start = Number(token);
  const end = start + max;
  return { items: items.slice(start, end), ...(end < items.length && { next: String(end) }) };
}
