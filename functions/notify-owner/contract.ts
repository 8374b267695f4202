import * as z from 'zod/mini';

import { DecisionSchema } from '../../core/decide.ts';
import { mailEnvironment, tableEnvironment, workflowEnvironment } from '../environment.ts';
import { StepInputSchema, StepOutputSchema } from '../step.ts';

export const contract = {
  name: 'notify-owner',
  input: z.extend(StepInputSchema, { decision: DecisionSchema }),
  output: StepOutputSchema,
  environment: z.object({ ...tableEnvironment, ...mailEnvironment, ...workflowEnvironment }),
};

export type NotifyOwnerInput = z.infer<typeof contract.input>;
