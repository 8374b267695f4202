import * as z from 'zod/mini';

import { mailEnvironment, tableEnvironment } from '../../app/environment.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../../app/pages/http.ts';

export const contract = {
  name: 'sign-in',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...mailEnvironment }),
};
