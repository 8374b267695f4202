import * as z from 'zod/mini';

import { tableEnvironment, workflowEnvironment } from '../environment.ts';
import type { PanelRequest } from '../http.ts';
import { HttpResponseSchema, PanelRequestSchema } from '../http.ts';

export const contract = {
  name: 'take-action',
  input: PanelRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...workflowEnvironment }),
  logKeys: ({ rawPath }: PanelRequest) => ({ connectionId: rawPath.split('/')[3] }),
};
