/** One execution environment of a function: a thread with the function's own environment and virtual time. */
import { parentPort, workerData } from 'node:worker_threads';

import { installVirtualDate, realNowMs } from '../virtual-date.ts';

export interface WorkerData {
  /** URL of the bundle. */
  readonly bundle: string;
  readonly sharedClock: SharedArrayBuffer;
}

export interface InvocationRequest {
  readonly requestId: string;
  readonly event: string;
  readonly functionName: string;
  readonly functionArn: string;
  /** When it is ended (`realNowMs`). */
  readonly untilMs: number;
}

/** `result` and `error` are JSON texts. */
export type InvocationAnswer = { readonly result: string } | { readonly error: string };

const { bundle, sharedClock } = workerData as WorkerData;
installVirtualDate(sharedClock);

type Handler = (event: unknown, context: Record<string, unknown>) => Promise<unknown>;

const loading = (import(bundle) as Promise<{ handler: Handler }>).then(
  ({ handler }) => ({ handler }),
  (error: unknown) => ({ error }),
);

parentPort!.on('message', (request: InvocationRequest) => {
  void invoke(request).then(async (answer) => {
    // Log lines go before the answer, so their metrics are counted when the caller continues.
    await new Promise((resolve) => process.stdout.write('', resolve));
    parentPort!.postMessage(answer);
  });
});

async function invoke({
  requestId,
  event,
  functionName,
  functionArn,
  untilMs,
}: InvocationRequest): Promise<InvocationAnswer> {
  try {
    const loaded = await loading;
    if ('error' in loaded) throw loaded.error;
    const context = {
      awsRequestId: requestId,
      functionName,
      invokedFunctionArn: functionArn,
      getRemainingTimeInMillis: () => Math.max(0, untilMs - realNowMs()),
    };
    const result = await loaded.handler(JSON.parse(event), context);
    return { result: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    return { error: JSON.stringify(asLambdaReports(error)) };
  }
}

/**
 * The runtime's report of an error; `errorType` becomes ASL's `Error`.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
function asLambdaReports(thrown: unknown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
