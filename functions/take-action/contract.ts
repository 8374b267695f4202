import * as z from 'zod/mini';

import { tableEnvironment, workflowEnvironment } from '../../app/environment.ts';
import type { PanelRequest } from '../../app/pages/http.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../../app/pages/http.ts';

export const contract = {
  name: 'take-action',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...workflowEnvironment }),
  logKeys: ({ rawPath }: PanelRequest) => ({ connectionId: rawPath.split('/')[3] }),
};
