import * as z from 'zod/mini';

import { tableEnvironment } from '../environment.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../http.ts';

export const contract = {
  name: 'show-panel',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object(tableEnvironment),
};
