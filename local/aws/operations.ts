/** A service as a table of operations: the input of each, the permission it needs, and its answer. */
import type * as z from 'zod';
import { notSupported } from './errors.ts';
import type { Authorize, AwsService, Caller } from './service.ts';
import { parseInput } from './validate.ts';

export type Input = Record<string, unknown>;
export type Output = Record<string, unknown>;
export type Operation = (input: Input, caller: Caller) => Output | Promise<Output>;

interface Access<Given> {
  /** ARN of the resource that the caller needs permission for; `*` where the action has no resource level. */
  readonly on?: (given: Given) => string;
  /** The action, where its name differs from the operation's. */
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
 * @param code the service's error for bad input; `ValidationException` by default
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
