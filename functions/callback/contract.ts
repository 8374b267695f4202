import * as z from 'zod/mini';

import {
  secretsEnvironment,
  tableEnvironment,
  tokenEndpointEnvironment,
  workflowEnvironment,
} from '../../app/environment.ts';
import { parseState } from '../../core/link.ts';
import type { HttpRequest } from '../../app/pages/http.ts';
import { HttpRequestSchema, HttpResponseSchema, pageLogKeys } from '../../app/pages/http.ts';

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
  logKeys: ({ rawQueryString }: HttpRequest) =>
    pageLogKeys(parseState(new URLSearchParams(rawQueryString).get('state') ?? '')),
};
