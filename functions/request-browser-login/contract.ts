import * as z from 'zod/mini';

import { tableEnvironment } from '../../app/environment.ts';
import { stepLogKeys, StepInputSchema, StepOutputSchema } from '../../app/checks/step.ts';

export const contract = {
  name: 'request-browser-login',
  input: StepInputSchema,
  /** `logged-in`, or why no browser was sent; what failed is thrown. */
  output: StepOutputSchema,
  environment: z.object({
    ...tableEnvironment,
    OPERATOR_TOPIC_ARN: z.string().check(z.startsWith('arn:')),
    SCREENSHOT_BUCKET: z.string().check(z.minLength(3)),
    /** Where a screenshot is shown: its key is added at the end. */
    SCREENSHOT_URL: z.string().check(z.minLength(1)),
  }),
  logKeys: stepLogKeys,
};

export type RequestBrowserLoginInput = z.infer<typeof contract.input>;
