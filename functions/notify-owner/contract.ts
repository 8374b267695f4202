import * as z from 'zod/mini';

import { DecisionSchema } from '../../core/decide.ts';
import { messagesEnvironment, tableEnvironment, workflowEnvironment } from '../../app/environment.ts';
import { stepLogKeys, StepInputSchema, StepOutputSchema } from '../../app/checks/step.ts';

export const contract = {
  name: 'notify-owner',
  input: z.extend(StepInputSchema, { decision: DecisionSchema }),
  output: StepOutputSchema,
  environment: z.object({ ...tableEnvironment, ...messagesEnvironment, ...workflowEnvironment }),
  logKeys: stepLogKeys,
};

export type NotifyOwnerInput = z.infer<typeof contract.input>;
