/**
 * Demo Brokerage: an authorization server that behaves as Schwab's is reported to, to try and test the whole login
 * without an account there. It is panva's oidc-provider in its own thread, because `Date` is virtual there. The account
 * is `demo`, its password `demo`.
 */
import { Worker } from 'node:worker_threads';
import { threadFile } from '../threads.ts';
import { paths } from './control.ts';
import type {
  BrokerageControl,
  BrokerageOptions,
  ControlAnswer,
  ControlRequest,
  Treatment,
  WorkerMessage,
} from './control.ts';

type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

export interface Brokerage extends Remote<Omit<BrokerageControl, 'treat'>> {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  /** Answers `{sub}` to a bearer access token. */
  readonly identityEndpoint: string;
  /** Lists the accounts that a login has shared. */
  readonly apiUrl: string;
  /** The origin that every authorization request is redirected through once. */
  readonly hopOrigin: string;
  /** Calls `treat` for each token request for which `misbehave` planned nothing. */
  onTokenRequest(treat: (grantType: string | undefined) => Treatment | undefined): void;
  close(): Promise<void>;
}

/**
 * Starts the brokerage.
 * @returns when both origins listen
 * @throws {Error} naming the port, when one is in use
 */
export async function startBrokerage(options: BrokerageOptions): Promise<Brokerage> {
  const worker = new Worker(threadFile('brokerage'), { workerData: options });
  const calls = new RemoteCalls(worker);
  const { port, hopPort } = await calls.listening.catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  const issuer = `http://localhost:${port}`;
  return {
    issuer,
    authorizationEndpoint: issuer + paths.authorize,
    tokenEndpoint: issuer + paths.token,
    revocationEndpoint: issuer + paths.revoke,
    identityEndpoint: issuer + paths.identity,
    apiUrl: issuer + paths.accounts,
    hopOrigin: `http://localhost:${hopPort}`,
    misbehave: (...args) => calls.call('misbehave', args),
    setDelayMs: (...args) => calls.call('setDelayMs', args),
    tokenCalls: () => calls.call('tokenCalls', []),
    reset: () => calls.call('reset', []),
    setLogin: (...args) => calls.call('setLogin', args),
    passwordsTried: () => calls.call('passwordsTried', []),
    codesTyped: () => calls.call('codesTyped', []),
    userAgents: () => calls.call('userAgents', []),
    revokeAllGrants: () => calls.call('revokeAllGrants', []),
    issued: () => calls.call('issued', []),
    onTokenRequest: (treat) => void (calls.treat = treat),
    // Ending the thread closes all its listeners and connections.
    close: async () => void (await worker.terminate()),
  };
}

class RemoteCalls {
  readonly listening: Promise<{ port: number; hopPort: number }>;
  readonly #worker: Worker;
  treat: (grantType: string | undefined) => Treatment | undefined = () => undefined;
  /** By token request. */
  readonly #onHung = new Map<number, () => void>();
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #ended: Error | undefined;
  #lastId = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    const listening = Promise.withResolvers<{ port: number; hopPort: number }>();
    this.listening = listening.promise;
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'listening') listening.resolve(message);
      else if (message.kind === 'failed') listening.reject(new Error(message.message));
      else if (message.kind === 'token-request') this.#treat(message.requestId, message.grantType);
      else if (message.kind === 'token-request-hung') this.#hung(message.requestId);
      else this.#settle(message);
    });
    const end = (error: Error) => {
      this.#ended ??= error;
      listening.reject(error);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    worker.on('error', (error: unknown) =>
      end(new Error('Demo Brokerage stopped working', { cause: error })),
    );
    worker.on('exit', () => end(new Error('Demo Brokerage is closed')));
  }

  call<K extends keyof BrokerageControl>(
    name: K,
    args: Parameters<BrokerageControl[K]>,
  ): Promise<Awaited<ReturnType<BrokerageControl[K]>>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const waiting = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    this.#waiting.set(id, waiting);
    const request: ControlRequest = { id, name, args };
    this.#worker.postMessage(request);
    return waiting.promise as Promise<Awaited<ReturnType<BrokerageControl[K]>>>;
  }

  #treat(requestId: number, grantType: string | undefined): void {
    const treatment = this.treat(grantType);
    if (treatment?.onHung) this.#onHung.set(requestId, treatment.onHung);
    // Fails only when the brokerage is closed, and then nothing waits for it.
    this.call('treat', [requestId, treatment?.misbehaviour]).catch(() => undefined);
  }

  #hung(requestId: number): void {
    this.#onHung.get(requestId)?.();
    this.#onHung.delete(requestId);
  }

  #settle(message: ControlAnswer): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.message));
  }
}
