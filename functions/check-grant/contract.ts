import * as z from 'zod/mini';

import { tableEnvironment } from '../environment.ts';
import { StepInputSchema, StepOutputSchema } from '../step.ts';

export const contract = {
  name: 'check-grant',
  input: StepInputSchema,
  output: StepOutputSchema,
  environment: z.object(tableEnvironment),
};
