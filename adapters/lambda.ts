import middy from '@middy/core';
import type * as z from 'zod/mini';

import { asOurs, ConfigurationError, ProviderContractError } from '../core/errors.ts';

/** What a function promises: its input, its output and its environment, each a schema. */
export interface Contract<
  Input extends z.ZodMiniType = z.ZodMiniType,
  Output extends z.ZodMiniType = z.ZodMiniType,
  Environment extends z.ZodMiniType = z.ZodMiniType,
> {
  readonly name: string;
  readonly input: Input;
  readonly output: Output;
  readonly environment: Environment;
}

/**
 * Reads the environment once, at start.
 * @throws {ConfigurationError} naming every variable that is absent or malformed
 */
export function readEnvironment<T extends z.ZodMiniType>(contract: { readonly environment: T }): z.infer<T> {
  const parsed = contract.environment.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new ConfigurationError(`The function's environment lacks a valid ${names.join(', ')}. Deploy again.`);
}

/**
 * A Lambda handler that keeps its contract: the event is parsed before, the answer after, and nothing is thrown
 * but our own errors, because the Lambda runtime logs every property of what is thrown.
 */
export function lambda<Input extends z.ZodMiniType, Output extends z.ZodMiniType>(
  contract: Contract<Input, Output>,
  work: (input: z.infer<Input>) => Promise<z.infer<Output>>,
  onError?: () => z.infer<Output>,
) {
  return middy(async (input: z.infer<Input>) => work(input)).use({
    before: (request) => {
      const parsed = contract.input.safeParse(request.event);
      if (!parsed.success) {
        throw new ConfigurationError(`${contract.name} was called with ${problem(parsed.error)}.`);
      }
      request.event = parsed.data;
    },
    after: (request) => {
      const parsed = contract.output.safeParse(request.response);
      if (!parsed.success) {
        throw new ProviderContractError(`${contract.name} would answer ${problem(parsed.error)}.`);
      }
      request.response = parsed.data;
      log('info', contract.name, { outcome: (parsed.data as { outcome?: string }).outcome });
    },
    onError: (request) => {
      const error = asOurs(request.error);
      log('error', contract.name, { error: error.name, reason: error.message });
      if (onError) {
        request.response = onError();
        return;
      }
      request.error = error;
    },
  });
}

/** One JSON line. */
function log(level: 'info' | 'error', message: string, fields: Record<string, unknown>): void {
  console[level](JSON.stringify({ level, timestamp: new Date().toISOString(), message, ...fields }));
}

function problem(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return `something invalid at ${issue?.path.join('.') || 'its root'}`;
}
