import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { realNowMs } from '../virtual-date.ts';
import type { InvocationAnswer, InvocationRequest, WorkerData } from './worker.ts';

export interface EnvironmentOptions extends WorkerData {
  /** The code of worker.ts in one file. */
  readonly thread: URL;
  readonly functionName: string;
  readonly functionArn: string;
  /** Of the role's session. */
  readonly accessKeyId: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly onLog: (line: string) => void;
  readonly onGone?: () => void;
}

/** Both are JSON texts. */
export type Ended = InvocationAnswer;

/** One execution environment. It takes one invocation at a time, and a time-out ends it. */
export class ExecutionEnvironment {
  readonly #worker: Worker;
  readonly #options: EnvironmentOptions;
  #gone = false;

  constructor(options: EnvironmentOptions) {
    const { thread, bundle, sharedClock, variables, onLog } = options;
    this.#options = options;
    this.#worker = new Worker(thread, {
      workerData: { bundle, sharedClock } satisfies WorkerData,
      env: { ...variables },
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        for (const line of text.split('\n')) if (line !== '') onLog(line);
      });
    }
    this.#worker.once('exit', () => (this.#gone = true));
    this.#worker.once('error', () => (this.#gone = true));
  }

  get functionName(): string {
    return this.#options.functionName;
  }

  get accessKeyId(): string {
    return this.#options.accessKeyId;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** In real time, because a function that hangs waits for the network. */
  async invoke(event: string): Promise<Ended> {
    const { functionName, functionArn, timeoutSeconds } = this.#options;
    const requestId = randomUUID();
    const untilMs = realNowMs() + timeoutSeconds * 1000;
    const request: InvocationRequest = { requestId, event, functionName, functionArn, untilMs };
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort('time-out'), timeoutSeconds * 1000);
    try {
      const answer = once(this.#worker, 'message', { signal: stop.signal });
      const exit = once(this.#worker, 'exit', { signal: stop.signal }).then(() => {
        throw new Error('exit');
      });
      this.#worker.postMessage(request);
      const [message] = (await Promise.race([answer, exit])) as [InvocationAnswer];
      return message;
    } catch {
      const timedOut = stop.signal.aborted;
      await this.close();
      const errorMessage = timedOut
        ? `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`
        : `RequestId: ${requestId} Error: Runtime exited`;
      return {
        error: JSON.stringify({
          errorType: timedOut ? 'Sandbox.Timedout' : 'Runtime.ExitError',
          errorMessage,
        }),
      };
    } finally {
      clearTimeout(timer);
      stop.abort('done');
    }
  }

  async close(): Promise<void> {
    this.#gone = true;
    await this.#worker.terminate();
    this.#options.onGone?.();
  }
}
