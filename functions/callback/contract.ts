import * as z from 'zod/mini';

import {
  secretsEnvironment,
  tableEnvironment,
  tokenEndpointEnvironment,
  workflowEnvironment,
} from '../environment.ts';
import { HttpRequestSchema, HttpResponseSchema } from '../http.ts';

export const contract = {
  name: 'callback',
  input: HttpRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({
    ...tableEnvironment,
    ...secretsEnvironment,
    ...tokenEndpointEnvironment,
    ...workflowEnvironment,
  }),
};
