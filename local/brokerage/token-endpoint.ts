import { setTimeout as delay } from 'node:timers/promises';
import type { Provider } from 'oidc-provider';
import { paths } from './control.ts';
import type { Misbehaviour, TokenCall } from './control.ts';
import { readForm } from './read-form.ts';

type Middleware = Parameters<Provider['use']>[0];
type Call = { -readonly [K in keyof TokenCall]: TokenCall[K] };

/** Stands in front of oidc-provider's token endpoint: notes each request, and misbehaves when told to. */
export class TokenEndpoint {
  #planned: Misbehaviour[] = [];
  #calls: Call[] = [];
  #delayMs = 0;

  readonly middleware: Middleware = async (ctx, next) => {
    if (ctx.path !== paths.token || ctx.method !== 'POST') {
      await next();
      return;
    }
    const call: Call = { at: new Date().toISOString(), grantType: undefined, outcome: 'pending' };
    this.#calls.push(call);
    const planned = this.#planned.shift();
    const process = async () => {
      await next();
      const { oidc } = ctx as { oidc?: { params?: { grant_type?: unknown } } };
      call.grantType = textOf(oidc?.params?.grant_type);
    };
    const drop = async () => {
      call.grantType = textOf((await readForm(ctx.req)).get('grant_type'));
    };

    if (this.#delayMs > 0) await delay(this.#delayMs);
    switch (planned?.kind) {
      case undefined:
        await process();
        break;
      case 'status':
        await drop();
        ctx.status = planned.status;
        ctx.body = planned.body;
        ctx.set({ ...planned.headers });
        break;
      case 'delay':
        if (planned.processed) await process();
        await delay(planned.ms);
        if (!planned.processed) await process();
        break;
      case 'hang':
      case 'close':
        await (planned.processed ? process() : drop());
        ctx.respond = false;
        if (planned.kind === 'close') ctx.req.socket.destroy();
        call.outcome = planned.kind === 'close' ? 'closed' : 'hung';
        return;
    }
    call.outcome = ctx.status;
  };

  misbehave(next: Misbehaviour, times = 1): void {
    for (let count = 0; count < times; count += 1) this.#planned.push(next);
  }

  setDelayMs(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  calls(): TokenCall[] {
    return this.#calls.map((call) => ({ ...call }));
  }

  reset(): void {
    this.#planned = [];
    this.#calls = [];
    this.#delayMs = 0;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
