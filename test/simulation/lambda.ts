import { asOurs } from '../../core/errors.ts';
import { AwsError } from '../../local/aws/errors.ts';
import { StateFailure } from '../../local/aws/step-functions/failure.ts';
import { tokenFunctionSeconds, tokenRequestMs } from '../../core/time-limits.ts';
import type { Conditions } from './conditions.ts';
import type { Stage } from './stage.ts';

/** What Lambda answers: the function's answer, or what became of it. */
export interface Outcome {
  readonly payload: unknown;
  readonly functionError?: 'Unhandled';
}

/** One run of a function. */
export interface Invocation {
  /** For the trace, for example `refresh-tokens 12`. */
  readonly id: string;
  readonly functionName: string;
  readonly connectionId: string;
  readonly input: unknown;
  /** Epoch milliseconds. */
  readonly invokedAtMs: number;
  /** How far its machine's clock is off. */
  readonly skewMs: number;
  /** False once it has answered, failed or been killed: whatever it would do after that never happens. */
  isRunning: boolean;
  /** Whether any of its own calls went wrong. */
  metFault: boolean;
  /** The port call that it makes now. */
  doing: string;
  kill(errorType: string): void;
}

export interface Call<T> {
  readonly invocation: Invocation;
  readonly to: 'aws' | 'provider';
  /** Happens at one instant. */
  readonly effect: () => T | Promise<T>;
  /** What the one who calls hears, or is thrown, when there is no answer. */
  readonly unanswered: () => T;
}

/** In seconds, as the program sets them (`infra/functions.ts`). */
const timeoutSeconds = { step: 30, page: 28, token: tokenFunctionSeconds };
const spendsTokens = new Set(['refresh-tokens', 'disconnect-grant', 'callback']);
/** The slowest provider that is served; some take twelve seconds. */
const slowestProviderMs = 22_000;

export class Lambda {
  readonly #stage: Stage;
  readonly #skewMs: number;
  /** How long the clients of the functions wait, all attempts together. */
  readonly #givesUpAfterMs: Readonly<Record<'aws' | 'provider', number>>;
  readonly #latencyMs: Readonly<Record<'aws' | 'provider', readonly [number, number]>>;
  readonly #running = new Set<Invocation>();
  #serial = 0;

  constructor(
    stage: Stage,
    { skewMs, awsMs, providerMs }: Pick<Conditions, 'skewMs' | 'awsMs' | 'providerMs'>,
    requestMs = tokenRequestMs,
  ) {
    this.#givesUpAfterMs = { aws: 12_000, provider: requestMs };
    this.#stage = stage;
    this.#skewMs = skewMs;
    this.#latencyMs = { aws: [2, awsMs], provider: [40, providerMs] };
  }

  get running(): ReadonlySet<Invocation> {
    return this.#running;
  }

  /** Runs a function to its end, its death or its time-out. */
  invoke(
    { functionName, connectionId, input }: Pick<Invocation, 'functionName' | 'connectionId' | 'input'>,
    work: (invocation: Invocation) => Promise<unknown>,
  ): Promise<Outcome> {
    const { agenda, dice, faults } = this.#stage;
    return new Promise((resolve) => {
      this.#serial += 1;
      const invocation: Invocation = {
        id: `${functionName} ${this.#serial}`,
        functionName,
        connectionId,
        input,
        invokedAtMs: this.#stage.nowMs,
        skewMs: dice.between(-this.#skewMs, this.#skewMs),
        isRunning: true,
        metFault: false,
        doing: '',
        kill: (errorType) =>
          end({ payload: { errorType, errorMessage: 'It was killed.' }, functionError: 'Unhandled' }),
      };
      const end = (outcome: Outcome) => {
        if (!invocation.isRunning) return;
        invocation.isRunning = false;
        this.#running.delete(invocation);
        timeout.cancel();
        this.#stage.note(() => `${invocation.id} ends: ${summary(outcome)}`);
        agenda.after(dice.skewed(1, 20), () => resolve(outcome));
      };
      const startsInMs = faults.happens('cold start', 2) ? dice.skewed(300, 5000) : dice.skewed(1, 30);
      const seconds = spendsTokens.has(functionName)
        ? timeoutSeconds.token
        : timeoutSeconds[functionName === 'reauthorize' ? 'page' : 'step'];
      const timeout = agenda.after(startsInMs + seconds * 1000, () => {
        faults.count('function timed out');
        invocation.kill('Sandbox.Timedout');
      });
      this.#running.add(invocation);
      agenda.after(startsInMs, () => {
        if (functionName !== 'check-grant') this.#stage.begins();
        this.#stage.note(
          () => `${invocation.id} begins${purposeOf(input)}, clock ${Math.round(invocation.skewMs)} ms`,
        );
        work(invocation).then(
          (payload) => end({ payload }),
          (thrown: unknown) => {
            const { name, message } = asOurs(thrown);
            end({ payload: { errorType: name, errorMessage: message }, functionError: 'Unhandled' });
          },
        );
      });
    });
  }

  /** What the state machine meets when it invokes a function. */
  async forWorkflow(invoke: () => Promise<Outcome>, waitsForToken: boolean): Promise<Outcome> {
    const { agenda, dice, faults } = this.#stage;
    const fault = faults.ofWorkflow();
    await agenda.sleep(fault === 'slow' ? dice.skewed(500, 8000) : dice.skewed(2, 30));
    if (fault === 'refused') {
      throw new AwsError(
        dice.pick(['TooManyRequestsException', 'ServiceException']),
        'A simulated fault.',
        500,
      );
    }
    if (fault !== 'answer lost') return invoke();
    void invoke();
    // A task's own time-out, or that of the client that Step Functions uses: the function runs on.
    if (!waitsForToken && dice.chance(0.5)) return new Promise(() => undefined);
    await agenda.sleep(dice.skewed(50, 30_000));
    throw new StateFailure('Lambda.SdkClientException', 'A simulated fault.');
  }

  /** One call of a function over the network. Each is a step: it takes effect at one instant, if it does. */
  call<T>({ invocation, to, effect, unanswered }: Call<T>): Promise<T> {
    const { agenda, dice, faults } = this.#stage;
    return new Promise((resolve, reject) => {
      const fault = to === 'aws' ? faults.atAws() : faults.atProvider();
      // Nothing goes wrong with it, but others get in between.
      const stalls = to === 'aws' && fault === undefined && faults.happens('stalled', 3);
      invocation.metFault ||= stalls || (fault !== undefined && fault !== 'slow');
      const { doing } = invocation;
      const [least, most] = this.#latencyMs[to];
      const givesUpAfterMs = this.#givesUpAfterMs[to];
      const givesUpMs = dice.between(givesUpAfterMs / 4, givesUpAfterMs);
      const isSlowProvider = fault === 'slow' && to === 'provider';
      const thereMs = isSlowProvider
        ? dice.between(500, slowestProviderMs)
        : fault === 'slow' || stalls
          ? dice.skewed(500, givesUpAfterMs - 1000)
          : fault === 'late'
            ? givesUpMs + dice.between(0, 3000)
            : dice.skewed(least, most) / 2;

      const deliver = (delayMs: number, settle: () => void) => {
        agenda.after(delayMs, () => {
          if (invocation.isRunning) settle();
        });
      };
      const settled = async (answer: () => T | Promise<T>): Promise<() => void> => {
        try {
          const value = await answer();
          return () => resolve(value);
        } catch (error) {
          return () => reject(error);
        }
      };
      const giveUp = async (delayMs: number) => deliver(delayMs, await settled(unanswered));
      if (fault === 'late') void giveUp(givesUpMs);
      const arrive = async (): Promise<void> => {
        this.#stage.steps += 1;
        this.#stage.note(() => `${invocation.id}  ${doing}${fault === undefined ? '' : `  (${fault})`}`);
        if (fault === 'killed before') return invocation.kill('Runtime.ExitError');
        if (fault === 'refused') return giveUp(dice.skewed(least, most));
        const answer = await settled(effect);
        if (isSlowProvider && thereMs > givesUpAfterMs) {
          this.#stage.fail(
            'a slow answer is waited for',
            `${invocation.id} has hung up on a provider that answers after ${Math.round(thereMs)} ms.`,
          );
          return giveUp(0);
        }
        if (fault === 'killed after') return invocation.kill('Runtime.ExitError');
        if (fault === 'late') return;
        if (fault === 'answer lost') return giveUp(givesUpMs);
        if (fault !== 'asked twice') return deliver(dice.skewed(least, most) / 2, answer);
        // A client of AWS asks again when its first attempt was not answered in time.
        await agenda.sleep(dice.skewed(100, 4000));
        deliver(dice.skewed(least, most) / 2, await settled(effect));
      };
      agenda.after(thereMs, () => void arrive());
    });
  }
}

/** The execution that a step belongs to, for the trace. */
function purposeOf(input: unknown): string {
  const { executionId, decision } = input as { readonly executionId?: string; readonly decision?: unknown };
  const execution = executionId === undefined ? '' : ` for ${executionId.split(':').at(-1)}`;
  return decision === undefined ? execution : `${execution} ${JSON.stringify(decision)}`;
}

interface Summarized {
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly outcome?: string;
  readonly statusCode?: number;
  readonly next?: { readonly decision: string; readonly reason: string };
}

function summary({ payload, functionError }: Outcome): string {
  const { errorType, errorMessage, outcome, statusCode, next } = payload as Summarized;
  if (functionError) return `${errorType}: ${errorMessage}`;
  if (statusCode !== undefined) return `HTTP ${statusCode}`;
  return `${outcome}${next === undefined ? '' : `, next ${next.decision}: ${next.reason}`}`;
}
