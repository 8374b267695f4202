import * as z from 'zod/mini';

import {
  secretsEnvironment,
  tableEnvironment,
  tokenEndpointEnvironment,
  workflowEnvironment,
} from '../environment.ts';
import { stepLogKeys, StepInputSchema, StepOutputSchema } from '../step.ts';

export const contract = {
  name: 'disconnect-grant',
  input: StepInputSchema,
  output: StepOutputSchema,
  environment: z.object({
    ...tableEnvironment,
    ...secretsEnvironment,
    ...tokenEndpointEnvironment,
    ...workflowEnvironment,
  }),
  logKeys: stepLogKeys,
};
