import * as z from 'zod/mini';

import { DecisionSchema, StepsDoneSchema, ForceSchema } from '../../core/decide.ts';
import { IncidentSchema } from '../../core/incident.ts';
import { ConnectionIdSchema } from '../../core/settings.ts';

/** The input of an execution of `keep-grant`. */
export const ExecutionRequestSchema = z.object({
  connectionId: ConnectionIdSchema,
  trigger: z.enum(['schedule', 'panel', 'link', 'consumer', 'operator']),
  scheduledTime: z.optional(z.string()),
  force: z.optional(ForceSchema),
  authorizationId: z.optional(z.string()),
  /** The consumer's version of the access secret. `force: refresh` refreshes only if it is still the current one. */
  accessVersionId: z.optional(z.string()),
  /** Address of the operator who asked, for the timeline. */
  by: z.optional(
    z.string().check(z.minLength(1), z.maxLength(254), z.regex(/^\P{Cc}*$/u, { error: 'must be one line' })),
  ),
});

/** The input of every function of the workflow. */
export const StepInputSchema = z.object({
  request: ExecutionRequestSchema,
  /** The steps of this execution since its start or its last wait. */
  done: StepsDoneSchema,
  /** How often this execution has checked the grant so far. */
  entry: z.int(),
  executionId: z.string(),
  executionStartedAt: z.iso.datetime(),
  /** The number of failed attempts of this step. */
  retryCount: z._default(z.int(), 0),
});

/** The result of a step. */
const StepOutcomeSchema = z.enum([
  'checked',
  /** Another execution made this check. */
  'repeated',
  'refreshed',
  'fresh',
  'rejected',
  'dropped',
  'refresh-limited',
  'login-recovered',
  'login-lost',
  'sent',
  /** Another execution sends this notice, or the owner needs none by now. */
  'held',
  'partly-sent',
  'not-sent',
  'disconnected',
  /** The configuration no longer has the connection. */
  'removed',
  'logged-in',
  /** No browser was started. */
  'skipped',
]);
export type StepOutcome = z.infer<typeof StepOutcomeSchema>;

/** Every function's answer: the result of its step, and the decision that the workflow chooses by. */
export const StepOutputSchema = z.object({
  outcome: StepOutcomeSchema,
  done: StepsDoneSchema,
  next: DecisionSchema,
  /** Incidents that have ended. The workflow notifies the operators. */
  ended: z.array(IncidentSchema),
});

export type StepInput = z.infer<typeof StepInputSchema>;
export type StepOutput = z.infer<typeof StepOutputSchema>;

/** Unique within its state machine, and half as long as the ARN: the grant record has to stay below 1 KB. */
export function executionName({ executionId }: Pick<StepInput, 'executionId'>): string {
  return executionId.slice(executionId.lastIndexOf(':') + 1);
}

/** Puts the execution's name into the logs of all its steps. */
export function stepLogKeys(input: Pick<StepInput, 'request' | 'executionId'>) {
  return { correlationId: executionName(input), connectionId: input.request.connectionId };
}
