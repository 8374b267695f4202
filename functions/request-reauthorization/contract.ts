import * as z from 'zod/mini';

import { DecisionSchema } from '../../core/decide.ts';
import { messagesEnvironment, tableEnvironment, workflowEnvironment } from '../../app/environment.ts';
import { stepLogKeys, StepInputSchema } from '../../app/checks/step.ts';

export const contract = {
  name: 'request-reauthorization',
  input: z.extend(StepInputSchema, { decision: DecisionSchema, taskToken: z.string().check(z.minLength(1)) }),
  /** For the log only. The workflow continues with the output that resumes it. */
  output: z.object({ outcome: z.enum(['asked', 'attached', 'resumed']) }),
  environment: z.object({ ...tableEnvironment, ...messagesEnvironment, ...workflowEnvironment }),
  logKeys: stepLogKeys,
};

export type RequestReauthorizationInput = z.infer<typeof contract.input>;
export type RequestReauthorizationOutput = z.infer<typeof contract.output>;
