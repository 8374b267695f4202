import middy from '@middy/core';
import type * as z from 'zod/mini';

import type { GrantkeeperError } from '../core/errors.ts';
import { asOurs, ConfigurationError, UnexpectedError } from '../core/errors.ts';
import { logger, publishMetrics } from './telemetry.ts';

/** The schemas of a function's input, output and environment. */
export interface Contract<
  Input extends z.ZodMiniType = z.ZodMiniType,
  Output extends z.ZodMiniType = z.ZodMiniType,
  Environment extends z.ZodMiniType = z.ZodMiniType,
> {
  readonly name: string;
  readonly input: Input;
  readonly output: Output;
  readonly environment: Environment;
  /** Keys for all log lines of one invocation. They hold no credential. */
  readonly logKeys?: (input: z.infer<Input>) => LogKeys;
}

export interface LogKeys {
  /** The execution's name, in the logs of all its functions. */
  readonly correlationId?: string | undefined;
  readonly connectionId?: string | undefined;
}

/**
 * Reads the environment of a function.
 * @throws {ConfigurationError} names every variable that is missing or malformed
 */
export function readEnvironment<T extends z.ZodMiniType>(contract: { readonly environment: T }): z.infer<T> {
  const parsed = contract.environment.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new ConfigurationError(`The function's environment lacks a valid ${names.join(', ')}. Deploy again.`);
}

/**
 * Makes a Lambda handler that validates its event and its answer. It throws only our own errors, because the Lambda runtime
 * logs every property of an error.
 */
export function lambda<Input extends z.ZodMiniType, Output extends z.ZodMiniType>(
  contract: Contract<Input, Output>,
  work: (input: z.infer<Input>) => Promise<z.infer<Output>>,
  onError?: (error: GrantkeeperError) => z.infer<Output>,
) {
  return middy(async (input: z.infer<Input>) => work(input)).use({
    before: (request) => {
      logger.resetKeys();
      logger.addContext(request.context);
      const parsed = contract.input.safeParse(request.event);
      if (!parsed.success) {
        throw new ConfigurationError(`${contract.name} was called with ${problem(parsed.error)}.`);
      }
      request.event = parsed.data;
      const { correlationId, connectionId } = contract.logKeys?.(parsed.data) ?? {};
      if (correlationId !== undefined) logger.setCorrelationId(correlationId);
      logger.appendKeys({ connection_id: connectionId });
    },
    after: (request) => {
      const summary = summaryOf(request.response);
      const parsed = contract.output.safeParse(request.response);
      if (!parsed.success) {
        throw new UnexpectedError(`${contract.name} would answer ${problem(parsed.error)}.`);
      }
      request.response = parsed.data;
      logger.info(contract.name, summary);
      publishMetrics();
    },
    onError: (request) => {
      const error = asOurs(request.error);
      logger.error(contract.name, { error_name: error.name, reason: error.message });
      publishMetrics();
      if (onError) {
        request.response = onError(error);
        return;
      }
      request.error = error;
    },
  });
}

/**
 * The part of an answer that the log may have: never a page or its headers. An answer may have an `outcome` for the log that
 * its contract removes.
 */
function summaryOf(output: unknown): Record<string, string> {
  const { outcome, statusCode, next } = (output ?? {}) as {
    readonly outcome?: string;
    readonly statusCode?: number;
    readonly next?: { readonly decision: string; readonly reason: string };
  };
  return {
    ...(outcome !== undefined && { outcome }),
    ...(statusCode !== undefined && { status_code: String(statusCode) }),
    ...(next && { decision: next.decision, reason: next.reason }),
  };
}

function problem(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return `something invalid at ${issue?.path.join('.') || 'its root'}`;
}
