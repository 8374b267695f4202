import * as z from 'zod/mini';

import { tableEnvironment } from '../../app/environment.ts';
import { stepLogKeys, StepInputSchema, StepOutputSchema } from '../../app/checks/step.ts';

export const contract = {
  name: 'check-grant',
  input: StepInputSchema,
  output: z.extend(StepOutputSchema, {
    /** Facts for alerts of later steps, ISO 8601. Absent before the first login. */
    known: z.object({ lastSuccess: z.optional(z.string()), accessExpires: z.optional(z.string()) }),
  }),
  environment: z.object(tableEnvironment),
  logKeys: stepLogKeys,
};

export type CheckGrantOutput = z.infer<typeof contract.output>;
