import * as z from 'zod/mini';

import { tokenRequestMs } from '../core/time-limits.ts';

/** Environment of every function: the stack's name in logs and metrics, read by Powertools. */
export const telemetryEnvironment = { POWERTOOLS_SERVICE_NAME: z.string().check(z.minLength(1)) };

/** Environment of a function that reads or writes the table. */
export const tableEnvironment = { ...telemetryEnvironment, TABLE_NAME: z.string().check(z.minLength(3)) };

/** Environment of a function that keeps tokens: their secrets' common prefix, without a slash at the end. */
export const secretsEnvironment = { SECRET_PREFIX: z.string().check(z.minLength(1)) };

/** Environment of a function that sends mail. */
export const mailEnvironment = {
  MAIL_FROM: z.string().check(z.minLength(3)),
  MAIL_CONFIGURATION_SET: z.string().check(z.minLength(1)),
};

/** Environment of a function that sends messages: the sender of mails, and the topic of the operators. */
export const messagesEnvironment = {
  ...mailEnvironment,
  OPERATOR_TOPIC_ARN: z.string().check(z.startsWith('arn:')),
};

/** Environment of a function that speaks to the token endpoint; milliseconds. */
export const tokenEndpointEnvironment = {
  TOKEN_ENDPOINT_TIMEOUT_MS: z._default(
    z.coerce.number().check(z.minimum(100), z.maximum(30_000)),
    tokenRequestMs,
  ),
};

/** Environment of a function that starts executions. */
export const workflowEnvironment = { STATE_MACHINE_ARN: z.string().check(z.startsWith('arn:')) };
