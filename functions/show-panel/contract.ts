import * as z from 'zod/mini';

import { tableEnvironment } from '../../app/environment.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../../app/pages/http.ts';

export const contract = {
  name: 'show-panel',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object(tableEnvironment),
};
