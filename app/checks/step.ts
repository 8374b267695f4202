import * as z from 'zod/mini';

import { DecisionSchema, StepsDoneSchema, ForceSchema } from '../../core/decide.ts';
import { IncidentSchema } from '../../core/incident.ts';
import { ConnectionIdSchema } from '../../core/settings.ts';

/** The input of an execution of `keep-grant`: what is asked, by whom. */
export const ExecutionRequestSchema = z.object({
  connectionId: ConnectionIdSchema,
  trigger: z.enum(['schedule', 'panel', 'link', 'consumer', 'operator']),
  scheduledTime: z.optional(z.string()),
  force: z.optional(ForceSchema),
  authorizationId: z.optional(z.string()),
  /** Of the access secret that a consumer has: with `force: refresh`, only if it is still that one. */
  accessVersionId: z.optional(z.string()),
  /** Address of the operator who asked, for the timeline. */
  by: z.optional(
    z.string().check(z.minLength(1), z.maxLength(254), z.regex(/^\P{Cc}*$/u, { error: 'must be one line' })),
  ),
});

/** What every state of the workflow passes to its function. */
export const StepInputSchema = z.object({
  request: ExecutionRequestSchema,
  /** What this execution did since its start or its last wait. */
  done: StepsDoneSchema,
  /** How often this execution has checked the grant so far. */
  entry: z.int(),
  executionId: z.string(),
  executionStartedAt: z.iso.datetime(),
  /** How often this step was tried before, in a row. */
  retryCount: z._default(z.int(), 0),
});

/** What every function answers: what it did, and the decision that the workflow chooses by. */
export const StepOutputSchema = z.object({
  outcome: z.string(),
  done: StepsDoneSchema,
  next: DecisionSchema,
  /** Incidents that have ended: the workflow tells the operators. */
  ended: z.array(IncidentSchema),
});

export type StepInput = z.infer<typeof StepInputSchema>;
export type StepOutput = z.infer<typeof StepOutputSchema>;

/** Unique within its state machine, and half as long as the ARN: the grant record has to stay below 1 KB. */
export function executionName({ executionId }: Pick<StepInput, 'executionId'>): string {
  return executionId.slice(executionId.lastIndexOf(':') + 1);
}

/** The execution's name goes through the logs of all its steps. */
export function stepLogKeys(input: Pick<StepInput, 'request' | 'executionId'>) {
  return { correlationId: executionName(input), connectionId: input.request.connectionId };
}
