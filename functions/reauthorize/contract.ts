import * as z from 'zod/mini';

import { tableEnvironment, workflowEnvironment } from '../../app/environment.ts';
import { parseLinkPath } from '../../core/link.ts';
import type { HttpRequest } from '../../app/pages/http.ts';
import { HttpRequestSchema, HttpResponseSchema, pageLogKeys } from '../../app/pages/http.ts';

export const contract = {
  name: 'reauthorize',
  input: HttpRequestSchema,
  output: HttpResponseSchema,
  environment: z.object({ ...tableEnvironment, ...workflowEnvironment }),
  logKeys: ({ rawPath }: HttpRequest) => pageLogKeys(parseLinkPath(rawPath)),
};
