import type * as z from 'zod/mini';

import { callback } from '../../functions/callback/callback.ts';
import { checkGrant } from '../../functions/check-grant/check-grant.ts';
import { contract as checkGrantContract } from '../../functions/check-grant/contract.ts';
import { contract as disconnectGrantContract } from '../../functions/disconnect-grant/contract.ts';
import { disconnectGrant } from '../../functions/disconnect-grant/disconnect-grant.ts';
import type { HttpRequest, HttpResponse } from '../../app/pages/http.ts';
import { contract as notifyOwnerContract } from '../../functions/notify-owner/contract.ts';
import { notifyOwner } from '../../functions/notify-owner/notify-owner.ts';
import { ourFault } from '../../app/pages/pages.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import { contract as refreshTokensContract } from '../../functions/refresh-tokens/contract.ts';
import { refreshTokens } from '../../functions/refresh-tokens/refresh-tokens.ts';
import { contract as requestReauthorizationContract } from '../../functions/request-reauthorization/contract.ts';
import { requestReauthorization } from '../../functions/request-reauthorization/request-reauthorization.ts';
import type { Cloud, Ports } from './cloud.ts';
import type { Invocation, Lambda, Outcome } from './lambda.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

type Work = (payload: unknown, ports: Ports) => Promise<unknown>;

/** A function as its handler wires it: the contract holds before and after. */
function step<Input extends z.ZodMiniType, Output extends z.ZodMiniType>(
  contract: { readonly input: Input; readonly output: Output },
  work: (input: z.infer<Input>, ports: Ports) => Promise<z.infer<Output>>,
): Work {
  return async (payload, ports) => contract.output.parse(await work(contract.input.parse(payload), ports));
}

const steps = {
  'check-grant': step(checkGrantContract, checkGrant),
  'refresh-tokens': step(refreshTokensContract, refreshTokens),
  'notify-owner': step(notifyOwnerContract, notifyOwner),
  'request-reauthorization': step(requestReauthorizationContract, requestReauthorization),
  'disconnect-grant': step(disconnectGrantContract, disconnectGrant),
} satisfies Record<string, Work>;

export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as StepName[];

export type PageName = 'reauthorize' | 'callback';

const pages: Record<PageName, (request: HttpRequest, ports: Ports) => Promise<HttpResponse>> = {
  reauthorize,
  callback,
};

/** API Gateway's patience. */
const gatewayMs = 30_000;

/** The seven functions, each run over ports of its own. */
export class Functions {
  readonly #stage: Stage;
  readonly #lambda: Lambda;
  readonly #cloud: Cloud;
  readonly #ledger: Ledger;

  constructor(stage: Stage, lambda: Lambda, cloud: Cloud, ledger: Ledger) {
    this.#stage = stage;
    this.#lambda = lambda;
    this.#cloud = cloud;
    this.#ledger = ledger;
  }

  step(name: StepName, payload: unknown): Promise<Outcome> {
    const { connectionId } = (payload as { request: { connectionId: string } }).request;
    return this.#invoke({ functionName: name, connectionId, input: payload }, (own) =>
      steps[name](payload, this.#cloud.ports(own)),
    );
  }

  /** Through the HTTP API; undefined when that gave up. `met` hears which invocation it was. */
  async page(
    name: PageName,
    connectionId: string,
    request: HttpRequest,
    met: (invocation: Invocation) => void = () => undefined,
  ): Promise<HttpResponse | undefined> {
    const answer = this.#invoke({ functionName: name, connectionId, input: request }, async (own) => {
      met(own);
      try {
        return await pages[name](request, this.#cloud.ports(own));
      } catch (error) {
        this.#stage.note(() => `${own.id} fails: ${String(error)}`);
        return ourFault();
      }
    });
    const outcome = await Promise.race([answer, this.#stage.agenda.sleep(gatewayMs)]);
    if (!outcome || outcome.functionError) return undefined;
    return outcome.payload as HttpResponse;
  }

  /** A function's answer is a page, or stands in the history. */
  async #invoke(
    what: Pick<Invocation, 'functionName' | 'connectionId' | 'input'>,
    work: (invocation: Invocation) => Promise<unknown>,
  ): Promise<Outcome> {
    const outcome = await this.#lambda.invoke(what, async (own) => {
      try {
        return await work(own);
      } finally {
        this.#ledger.functionEnds(own);
      }
    });
    this.#ledger.answered(`an answer of ${what.functionName}`, outcome);
    return outcome;
  }
}
