import * as z from 'zod/mini';

import {
  secretsEnvironment,
  tableEnvironment,
  tokenEndpointEnvironment,
  workflowEnvironment,
} from '../../app/environment.ts';
import { stepLogKeys, StepInputSchema, StepOutputSchema } from '../../app/checks/step.ts';

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
