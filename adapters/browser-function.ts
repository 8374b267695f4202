import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import type { Report } from '../core/browser-login.ts';
import { ReportSchema } from '../core/browser-login.ts';
import { errorNames } from '../core/errors.ts';
import type { SendBrowser } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/**
 * Sends a browser by invoking the function that has it, and waits for what it reports. Once only: a second attempt
 * would be a second password.
 * @param timeoutMs longer than that function may take
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

/** Only our own errors are known to have no credential in their message; of others the name is enough. */
function brokenBy(answer: unknown): Report {
  const { errorType = 'an unknown error', errorMessage } = (answer ?? {}) as {
    readonly errorType?: string;
    readonly errorMessage?: string;
  };
  const isOurs = (errorNames as readonly string[]).includes(errorType);
  const detail = `Its function ended with ${errorType}${isOurs ? `: ${errorMessage}` : '.'}`;
  return { outcome: 'browser-failed', detail, steps: [] };
}
