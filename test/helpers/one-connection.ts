/**
 * One connection, and the functions' code in this process over the simulation's models of table, secrets and provider:
 * no faults, no latency, and a clock that moves when a test says so.
 */
import { marshall } from '@aws-sdk/util-dynamodb';

import type { Force } from '../../core/decide.ts';
import type { Grant, Claim } from '../../core/grant.ts';
import type { Resumption } from '../../core/execution-request.ts';
import { presets } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { callback } from '../../functions/callback/callback.ts';
import { checkGrant } from '../../functions/check-grant/check-grant.ts';
import { disconnectGrant } from '../../functions/disconnect-grant/disconnect-grant.ts';
import type { HttpResponse } from '../../app/pages/http.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import { refreshTokens } from '../../functions/refresh-tokens/refresh-tokens.ts';
import { requestReauthorization } from '../../functions/request-reauthorization/request-reauthorization.ts';
import type { StepInput, StepOutput } from '../../app/checks/step.ts';
import { administrator } from '../../local/aws/service.ts';
import type { Ports } from '../simulation/cloud.ts';
import { Cloud, clientSecretName, secretPrefix } from '../simulation/cloud.ts';
import { Dice } from '../simulation/dice.ts';
import type { Call, Invocation, Lambda } from '../simulation/lambda.ts';
import type { Ledger } from '../simulation/ledger.ts';
import { unchanged } from '../simulation/mutants.ts';
import type { ProviderTraits } from '../simulation/provider.ts';
import { ProviderModel } from '../simulation/provider.ts';
import { Stage } from '../simulation/stage.ts';
import { iso, schwab } from './core-samples.ts';

export const connectionId = 'main';

const traits: ProviderTraits = {
  rotates: true,
  onReuse: 'end-grant',
  graceMs: 0,
  graceReplaces: false,
  absoluteMs: undefined,
  slidingMs: undefined,
  loginEnds: 'nothing',
  repeatsRefreshToken: false,
  rejection: { status: 400, body: '{"error":"invalid_grant"}' },
};

/** Attributes of a record: those of a grant, and those that only its writes look at. */
export type Recorded = Partial<Grant> & { readonly claim?: Claim };

type PortName = Exclude<keyof Ports, 'findEndpoints'>;

/** A browser's return from the provider, with its cookie. */
export interface WayBack {
  readonly query: URLSearchParams;
  readonly cookie: string | undefined;
}

export class OneConnection {
  readonly settings: Settings;
  readonly provider: ProviderModel;
  readonly cloud: Cloud;
  /** A test may put one of its own in the place of any. */
  ports: Ports;
  /** Messages of the functions to others, the newest last. */
  readonly links: string[] = [];
  readonly counts: string[] = [];
  readonly resumed: { readonly taskToken: string; readonly resumption: Resumption }[] = [];
  readonly started: { readonly name: string; readonly input: unknown }[] = [];
  readonly #stage: Stage;
  #executions = 0;
  #client = 0;

  constructor(startMs: number, change: Partial<ProviderTraits> = {}, settings: Partial<Settings> = {}) {
    this.#stage = new Stage(startMs, new Dice(1), 0);
    this.provider = new ProviderModel({ ...traits, ...change }, () => this.nowMs);
    const lambda = { call: async <T>({ effect }: Call<T>) => effect() } as unknown as Lambda;
    const ledger = new Proxy({} as Ledger, {
      get: (_, name) => (name === 'noticeSent' ? this.#noticeSent : () => undefined),
    });
    this.cloud = new Cloud(this.#stage, lambda, ledger, this.provider, unchanged);
    this.cloud.metrics = {
      put: (metric) => this.counts.push(metric),
      count: (metric, _dimension, value) => this.counts.push(`${metric} ${value}`),
    };
    const machine: Parameters<Cloud['connect']>[0] = {
      resume: async (taskToken, resumption) => void this.resumed.push({ taskToken, resumption }),
      start: async (name, input) => void this.started.push({ name, input }),
      startNamed: async (name, input) => void this.started.push({ name, input }),
    };
    this.cloud.connect(machine);
    this.settings = {
      ...schwab,
      connectionId,
      provider: { ...presets.schwab!, identity: undefined },
      clientSecretName,
      ...settings,
    };
    this.ports = this.cloud.ports({ connectionId, skewMs: 0 } as Invocation);
  }

  /** As it is after a deployment and `connect`. */
  async deploy(): Promise<this> {
    for (const name of [clientSecretName, `${secretPrefix}/main/grant`, `${secretPrefix}/main/access`]) {
      this.cloud.secrets.createSecret({ name });
    }
    const key = { pk: { S: `settings#${connectionId}` }, sk: { S: 'settings' } };
    this.cloud.table.call('PutItem', { Item: { ...key, settings: { S: JSON.stringify(this.settings) } } });
    await this.putClientSecret();
    return this;
  }

  /** As it is with its owner logged in. */
  async connect(): Promise<this> {
    await this.deploy();
    await this.request('reauthorize');
    await this.return(await this.logIn());
    return this;
  }

  async putClientSecret(): Promise<void> {
    this.#client += 1;
    const secret = { client_id: 'client', client_secret: this.provider.shareClientSecret() };
    const request = {
      SecretId: clientSecretName,
      ClientRequestToken: `client-secret-of-the-operator-number-${this.#client}`,
      SecretString: JSON.stringify(secret),
    };
    await this.cloud.secrets.call('PutSecretValue', request, administrator);
  }

  get nowMs(): number {
    return this.#stage.nowMs;
  }

  /** Alerts of the functions to operators. */
  reported(): unknown[] {
    return this.started.flatMap(({ input }) => {
      const { report } = input as { report?: unknown };
      return report === undefined ? [] : [report];
    });
  }

  later(afterMs: number): void {
    this.#stage.agenda.after(afterMs, () => undefined);
    this.#stage.agenda.step();
  }

  async grant(): Promise<Grant> {
    const { grant } = await this.ports.grants.read(connectionId);
    return Object.fromEntries(
      Object.entries(grant).filter(([name]) => name !== 'pk' && name !== 'sk'),
    ) as unknown as Grant;
  }

  /** Changes the record, as a function does that a test does not run; undefined takes an attribute away. */
  async patch(change: Recorded): Promise<void> {
    const item = { ...(await this.grant()), ...change, pk: `connection#${connectionId}`, sk: 'grant' };
    this.cloud.table.call('PutItem', { Item: marshall(item, { removeUndefinedValues: true }) });
  }

  /** Some methods of the ports, otherwise for as long as the work takes. */
  async with<T>(
    changes: { readonly [Name in PortName]?: Partial<Ports[Name]> },
    work: () => Promise<T>,
  ): Promise<T> {
    const { ports } = this;
    const changed = Object.entries(changes).map(([name, methods]) => [
      name,
      { ...ports[name as PortName], ...methods },
    ]);
    this.ports = { ...ports, ...(Object.fromEntries(changed) as Partial<Ports>) };
    try {
      return await work();
    } finally {
      this.ports = ports;
    }
  }

  /** A callback that dies where it first calls one of these. */
  async dies(back: WayBack, ...methods: (keyof Ports['tokens'])[]): Promise<void> {
    const killed = async () => {
      throw new Error('killed');
    };
    const tokens = Object.fromEntries(methods.map((method) => [method, killed]));
    await this.with({ tokens }, () => this.return(back)).then(
      () => {
        throw new Error('The callback did not die.');
      },
      () => undefined,
    );
  }

  /** Tokens in the current versions of both secrets. */
  async stored(): Promise<{ readonly refreshToken?: string; readonly accessToken?: string }> {
    const grant = await this.ports.tokens.readGrant(connectionId);
    const access = await this.ports.tokens.readAccess(connectionId);
    return {
      ...(grant.current && { refreshToken: grant.current.refreshToken.reveal() }),
      ...(access.current && { accessToken: access.current.accessToken.reveal() }),
    };
  }

  check(force?: Force): Promise<StepOutput> {
    return checkGrant(this.#input(force), this.ports);
  }

  refresh(change: Partial<StepInput['request']> = {}, executionId?: string): Promise<StepOutput> {
    const input = this.#input();
    const request = { ...input.request, ...change };
    return refreshTokens({ ...input, request, ...(executionId && { executionId }) }, this.ports);
  }

  disconnect(): Promise<StepOutput> {
    return disconnectGrant(this.#input('disconnect'), this.ports);
  }

  /** An execution that asks the owner for a login, and waits. */
  async request(force: 'reauthorize' | 'change-owner'): Promise<{ readonly taskToken: string }> {
    const input = this.#input(force);
    const { next: decision } = await checkGrant(input, this.ports);
    const taskToken = `token of ${input.executionId}`;
    await requestReauthorization({ ...input, decision, taskToken }, this.ports);
    return { taskToken };
  }

  /** The owner opens the newest link, presses the button, and allows the access. */
  async logIn(link = this.links.at(-1)!, user = connectionId): Promise<WayBack> {
    const pressed = await this.page('POST', new URL(link).pathname);
    const location = new URL(pressed.headers.location!);
    const code = this.provider.allow(user, location.searchParams);
    const cookie = /=([^;]+)/.exec(pressed.cookies![0]!)![1]!;
    return { query: new URLSearchParams({ state: location.searchParams.get('state')!, code }), cookie };
  }

  return({ query, cookie }: WayBack): Promise<HttpResponse> {
    return this.page('GET', '/callback', query.toString(), cookie);
  }

  /** Types of the timeline's events, in alphabetical order: at one instant they have no other. */
  events(): string[] {
    const items = this.cloud.table.items(`connection#${connectionId}`, 'event#');
    return items.map((item) => item.type!.S!).toSorted();
  }

  /** The details of each event of a type, in any order. */
  happened(type: string): unknown[] {
    const items = this.cloud.table.items(`connection#${connectionId}`, 'event#');
    return items
      .filter((item) => item.type!.S === type)
      .map(({ details }) => JSON.parse(details!.S!) as unknown);
  }

  page(
    method: string,
    rawPath: string,
    rawQueryString = '',
    cookie?: string,
    headers: Record<string, string> = {},
  ): Promise<HttpResponse> {
    const cookies = cookie === undefined ? [] : [`__Host-grantkeeper=${cookie}`];
    const requestContext = { http: { method, sourceIp: '192.0.2.1' } };
    const page = rawPath === '/callback' ? callback : reauthorize;
    return page({ rawPath, rawQueryString, cookies, headers, requestContext }, this.ports);
  }

  #input(force?: Force): StepInput {
    this.#executions += 1;
    return {
      request: {
        connectionId,
        trigger: force === undefined ? 'schedule' : 'operator',
        ...(force && { force }),
      },
      done: [],
      entry: 1,
      retryCount: 0,
      executionId: `arn:aws:states:us-east-1:111122223333:execution:machine:run-${this.#executions}`,
      executionStartedAt: iso(this.nowMs),
    };
  }

  #noticeSent = (...[, , , notice]: Parameters<Ledger['noticeSent']>): void => {
    if (notice.button) this.links.push(notice.button.url);
  };
}

/** A new connection whose owner has a link, and the task token of the execution that waits for them. */
export async function withLoginLink(startMs: number, settings: Partial<Settings> = {}, traits = {}) {
  const connection = await new OneConnection(startMs, traits, settings).deploy();
  const { taskToken } = await connection.request('reauthorize');
  return { connection, taskToken };
}
