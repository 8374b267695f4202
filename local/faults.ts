/** Faults on purpose. Tests and `POST /faults` plan them, and the next matching calls meet them. */
import { setTimeout as delay } from 'node:timers/promises';

import * as z from 'zod/mini';

import { AwsError } from './aws/errors.ts';
import type { AwsService } from './aws/service.ts';
import type { Brokerage } from './brokerage/brokerage.ts';
import type { Misbehaviour } from './brokerage/control.ts';
import type { Clock } from './aws/clock.ts';

/** The callers of the token endpoint, by grant type. */
const grantTypes: Readonly<Record<string, string>> = {
  'refresh-tokens': 'refresh_token',
  callback: 'authorization_code',
};

const count = z.int().check(z.minimum(1), z.maximum(1000));

export const FaultSchema = z
  .strictObject({
    /** `*` for any call of AWS; an action, such as `secretsmanager:PutSecretValue` or `dynamodb:*`; `lambda:Invoke`; or `token-endpoint`. */
    call: z.string().check(
      z.regex(
        /^(\*|(secretsmanager|dynamodb|states|sns|ses):([A-Z][A-Za-z]+|\*)|lambda:Invoke|token-endpoint)$/,
        {
          error:
            'must be *, token-endpoint, lambda:Invoke, or an action of secretsmanager, dynamodb, states, sns or ses, such as dynamodb:UpdateItem or secretsmanager:*',
        },
      ),
    ),
    /** The caller: a function such as `refresh-tokens`, or `keep-grant-workflow`. For `lambda:Invoke`, the called function. */
    by: z.optional(z.string().check(z.minLength(1))),
    /** A part of the call's input, as JSON. */
    containing: z.optional(z.string().check(z.minLength(1))),
    /** `kill` ends the calling function; at `lambda:Invoke`, the called one. */
    kind: z.enum(['fail', 'hang', 'delay', 'twice', 'kill']),
    /** Before or after the call takes effect. */
    effect: z._default(z.enum(['before', 'after']), 'before'),
    /** How long a `delay` takes, in real milliseconds. */
    delayMs: z._default(z.int().check(z.minimum(0), z.maximum(60_000)), 1_000),
    /** How many matching calls pass before the first fault. */
    skip: z._default(z.int().check(z.minimum(0)), 0),
    /** How many calls meet the fault. A client of AWS tries a failed call three times. */
    times: z._default(count, 1),
  })
  .check(
    z.refine(({ call, kind }) => call !== 'token-endpoint' || kind !== 'twice', {
      path: ['kind'],
      error: 'cannot be twice at the token endpoint: HTTP delivers a request once',
    }),
    z.refine(({ call, kind, by }) => call !== 'token-endpoint' || kind !== 'kill' || by !== undefined, {
      path: ['by'],
      error: 'must name the function to kill at the token endpoint',
    }),
    z.refine(({ call, containing }) => call !== 'token-endpoint' || containing === undefined, {
      path: ['containing'],
      error: 'cannot be used at the token endpoint: what is sent there is secret',
    }),
    z.refine(({ call, by }) => call !== 'token-endpoint' || by === undefined || by in grantTypes, {
      path: ['by'],
      error: 'must be refresh-tokens or callback at the token endpoint: nobody else calls it',
    }),
  );

export type Fault = z.infer<typeof FaultSchema>;

/** A planned fault. */
export interface Planned {
  readonly fault: Fault;
  readonly met: number;
}

/** A fault that a call has met. */
export interface Met {
  /** Virtual time, ISO 8601. */
  readonly at: string;
  readonly call: string;
  readonly by: string;
  readonly kind: Fault['kind'];
  readonly effect: Fault['effect'];
}

export interface FaultsPorts {
  readonly clock: Clock;
  /** Kills the function that signs with this access key. */
  readonly killCaller: (accessKeyId: string) => Promise<void>;
  /** Kills every environment of this function. */
  readonly killFunction: (functionName: string) => Promise<void>;
}

interface Invoked {
  readonly payload: unknown;
  readonly functionError?: 'Unhandled' | 'Handled';
}

/** Longer than any client here waits for an answer (`adapters/aws.ts`). */
const hangMs = 5_000;

export class Faults {
  readonly #ports: FaultsPorts;
  #planned: { fault: Fault; met: number; passed: number }[] = [];
  #met: Met[] = [];
  #hasTokenEndpoint = false;

  constructor(ports: FaultsPorts) {
    this.#ports = ports;
  }

  /** Lets the requests of the token endpoint meet the faults, too. */
  connect({ onTokenRequest }: Pick<Brokerage, 'onTokenRequest'>): void {
    this.#hasTokenEndpoint = true;
    onTokenRequest((grantType) => {
      const by = Object.keys(grantTypes).find((name) => grantTypes[name] === grantType) ?? 'somebody else';
      const fault = this.#take('token-endpoint', by, undefined);
      if (fault === undefined) return undefined;
      const misbehaviour = misbehaviourOf(fault);
      if (fault.kind !== 'kill') return { misbehaviour };
      return { misbehaviour, onHung: () => void this.#ports.killFunction(by) };
    });
  }

  /** Plans a fault for the next matching calls, after the faults planned earlier. */
  async plan(fault: z.input<typeof FaultSchema>): Promise<void> {
    const planned = FaultSchema.parse(fault);
    if (planned.call === 'token-endpoint' && !this.#hasTokenEndpoint)
      throw new Error('There is no token endpoint here.');
    this.#planned.push({ fault: planned, met: 0, passed: 0 });
  }

  /** Forgets the planned faults. */
  clear(): void {
    this.#planned = [];
  }

  planned(): Planned[] {
    return this.#planned.map(({ fault, met }) => ({ fault, met }));
  }

  met(): Met[] {
    return [...this.#met];
  }

  /** Wraps a service so that its calls meet the faults. */
  within(name: string, service: AwsService): AwsService {
    return {
      call: async (operation, input, caller) => {
        const fault = this.#take(`${name}:${operation}`, shortName(caller.principalArn), input);
        const make = () => service.call(operation, input, caller);
        if (fault === undefined) return make();
        if (fault.kind === 'kill') {
          if (fault.effect === 'after') await make().catch(() => undefined);
          if (caller.accessKeyId !== undefined) await this.#ports.killCaller(caller.accessKeyId);
          throw lost();
        }
        return apply(fault, make);
      },
    };
  }

  /** Wraps an invocation so that it meets the faults. */
  async invoking(functionArn: string, payload: unknown, invoke: () => Promise<Invoked>): Promise<Invoked> {
    const fault = this.#take('lambda:Invoke', shortName(functionArn), payload);
    if (fault === undefined) return invoke();
    if (fault.kind === 'fail' || fault.kind === 'delay' || fault.kind === 'twice')
      return apply(fault, invoke);
    if (fault.effect === 'after') await invoke();
    const errorType = fault.kind === 'hang' ? 'Sandbox.Timedout' : 'Runtime.ExitError';
    return { payload: { errorType, errorMessage: 'A planned fault.' }, functionError: 'Unhandled' };
  }

  #take(call: string, by: string, input: unknown): Fault | undefined {
    for (const planned of this.#planned) {
      const { fault } = planned;
      const matches =
        [call, call.replace(/:.*/, ':*'), ...(isOfAws(call) ? ['*'] : [])].includes(fault.call) &&
        (fault.by === undefined || fault.by === by) &&
        (fault.containing === undefined || JSON.stringify(input).includes(fault.containing));
      if (!matches) continue;
      planned.passed += 1;
      if (planned.passed <= fault.skip) continue;
      planned.met += 1;
      if (planned.met === fault.times) this.#planned = this.#planned.filter((other) => other !== planned);
      this.#note(fault, call, by);
      return fault;
    }
    return undefined;
  }

  #note({ kind, effect }: Fault, call: string, by: string): void {
    this.#met.push({ at: new Date(this.#ports.clock.now()).toISOString(), call, by, kind, effect });
  }
}

/** At the token endpoint a function is killed while it waits for the answer. */
function misbehaviourOf({ kind, effect, delayMs }: Fault): Misbehaviour {
  const processed = effect === 'after';
  if (kind === 'delay') return { kind, ms: delayMs, processed };
  if (kind !== 'fail') return { kind: 'hang', processed };
  return processed ? { kind: 'close', processed } : { kind: 'status', status: 503, body: 'A planned fault.' };
}

function isOfAws(call: string): boolean {
  return call !== 'lambda:Invoke' && call !== 'token-endpoint';
}

/** The kinds of fault that leave the caller alive. */
async function apply<T>({ kind, effect, delayMs }: Fault, make: () => Promise<T>): Promise<T> {
  if (kind === 'twice') {
    // The first answer is lost, and the client calls again.
    await make().catch(() => undefined);
    return make();
  }
  if (kind === 'delay') {
    if (effect === 'before') await delay(delayMs);
    const answer = await make();
    if (effect === 'after') await delay(delayMs);
    return answer;
  }
  if (effect === 'after') await make();
  if (kind === 'hang') await delay(hangMs);
  throw lost();
}

function lost(): AwsError {
  return new AwsError('ServiceException', 'A planned fault.', 500);
}

/** The name of a role, a function or a principal, without the stack's prefix. */
function shortName(arn: string): string {
  return arn.replace(/^.*[:/]/, '').replace(/^grantkeeper-[a-z0-9]+-/, '');
}
