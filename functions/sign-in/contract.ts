import * as z from 'zod/mini';

import { mailEnvironment, tableEnvironment } from '../environment.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../http.ts';

export const contract = {
  name: 'sign-in',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...mailEnvironment }),
};
