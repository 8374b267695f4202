import * as z from 'zod/mini';

import { tableEnvironment, workflowEnvironment } from '../environment.ts';
import { HttpRequestSchema, HttpResponseSchema } from '../http.ts';

export const contract = {
  name: 'reauthorize',
  input: HttpRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...workflowEnvironment }),
};
