import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import type { Report } from '../core/browser-login.ts';
import { ReportSchema } from '../core/browser-login.ts';
import { errorNames } from '../core/errors.ts';
import type { SendBrowser } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/**
 * Invokes the function with the browser and waits for its report. It never retries, because a retry would enter the
 * password a second time.
 * @param timeoutMs longer than that function's time-out
 */
export function browserFunction(timeoutMs: number): SendBrowser {
  const client = new LambdaClient({
    ...clientDefaults,
    maxAttempts: 1,
    requestHandler: { ...clientDefaults.requestHandler, requestTimeout: timeoutMs },
  });
  return async (functionName, browserLoginRequest) => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: JSON.stringify(browserLoginRequest),
    });
    const { FunctionError: failed, Payload: payload } = await callAws(`sending a browser`, () =>
      client.send(command),
    );
    const answer = JSON.parse(payload?.transformToString() ?? 'null') as unknown;
    const report = failed === undefined ? ReportSchema.safeParse(answer).data : undefined;
    return report ?? brokenBy(answer);
  };
}

/** Shows only the name of an error that is not ours, because its message may have a credential. */
function brokenBy(answer: unknown): Report {
  const { errorType = 'an unknown error', errorMessage } = (answer ?? {}) as {
    readonly errorType?: string;
    readonly errorMessage?: string;
  };
  const isOurs = (errorNames as readonly string[]).includes(errorType);
  const detail = `Its function ended with ${errorType}${isOurs ? `: ${errorMessage}` : '.'}`;
  return { outcome: 'browser-failed', detail, steps: [] };
}
