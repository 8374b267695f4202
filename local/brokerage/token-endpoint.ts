import { setTimeout as delay } from 'node:timers/promises';
import type { Provider } from 'oidc-provider';
import { paths } from './control.ts';
import type { Misbehaviour, TokenCall, WorkerMessage } from './control.ts';
import { peekForm } from './read-form.ts';

type Middleware = Parameters<Provider['use']>[0];
type Call = { -readonly [K in keyof TokenCall]: TokenCall[K] };

/**
 * Stands in front of oidc-provider's token and revocation endpoints: records each request, and misbehaves as planned.
 */
export class TokenEndpoint {
  #planned: Record<'token' | 'revocation', Misbehaviour[]> = { token: [], revocation: [] };
  #calls: Call[] = [];
  #delayMs = 0;

  #lastRequestId = 0;
  /** By the id of the waiting request. */
  readonly #waiting = new Map<number, (misbehaviour: Misbehaviour | undefined) => void>();
  readonly #say: (message: WorkerMessage) => void;

  constructor(say: (message: WorkerMessage) => void) {
    this.#say = say;
  }

  readonly middleware: Middleware = async (ctx, next) => {
    const revokes = ctx.path === paths.revoke;
    if ((ctx.path !== paths.token && !revokes) || ctx.method !== 'POST') {
      await next();
      return;
    }
    const call: Call = { at: new Date().toISOString(), grantType: undefined, outcome: 'pending' };
    this.#calls.push(call);
    const first = this.#planned[revokes ? 'revocation' : 'token'].shift();
    call.grantType = revokes ? 'revocation' : ((await peekForm(ctx.req)).get('grant_type') ?? undefined);
    const requestId = ++this.#lastRequestId;
    const planned = first ?? (revokes ? undefined : await this.#ask(requestId, call.grantType));

    if (this.#delayMs > 0) await delay(this.#delayMs);
    switch (planned?.kind) {
      case undefined:
        await next();
        break;
      case 'status':
        ctx.status = planned.status;
        ctx.body = planned.body;
        ctx.set({ ...planned.headers });
        break;
      case 'delay':
        if (planned.processed) await next();
        await delay(planned.ms);
        if (!planned.processed) await next();
        break;
      case 'hang':
      case 'close':
        if (planned.processed) await next();
        ctx.respond = false;
        if (planned.kind === 'close') ctx.req.socket.destroy();
        call.outcome = planned.kind === 'close' ? 'closed' : 'hung';
        if (planned.kind === 'hang') this.#say({ kind: 'token-request-hung', requestId });
        return;
    }
    call.outcome = ctx.status;
  };

  #ask(requestId: number, grantType: string | undefined): Promise<Misbehaviour | undefined> {
    return new Promise((resolve) => {
      this.#waiting.set(requestId, resolve);
      this.#say({ kind: 'token-request', requestId, grantType });
    });
  }

  treat(requestId: number, misbehaviour: Misbehaviour | undefined): void {
    this.#waiting.get(requestId)?.(misbehaviour);
    this.#waiting.delete(requestId);
  }

  misbehave(next: Misbehaviour, times = 1, endpoint: 'token' | 'revocation' = 'token'): void {
    for (let count = 0; count < times; count += 1) this.#planned[endpoint].push(next);
  }

  setDelayMs(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  calls(): TokenCall[] {
    return this.#calls.map((call) => ({ ...call }));
  }

  reset(): void {
    this.#planned = { token: [], revocation: [] };
    this.#calls = [];
    this.#delayMs = 0;
  }
}
