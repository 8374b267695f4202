import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { dynamoLimits } from '../../adapters/rate-limits.ts';
import { dynamoNotices } from '../../adapters/notices.ts';
import { secretsManagerClients, secretsManagerTokens } from '../../adapters/secrets.ts';
import { Table } from '../../adapters/table.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { ChannelUnavailableError, StoreUnavailableError } from '../../core/errors.ts';
import type {
  Authorizations,
  Clients,
  Clock,
  Events,
  Grants,
  Incidents,
  RateLimits,
  Messages,
  Metrics,
  Notices,
  Random,
  RevocationEndpoint,
  TokenEndpoint,
  Tokens,
  Workflow,
} from '../../core/ports.ts';
import type { IdentityAnswer, RevocationAnswer, TokenAnswer } from '../../core/token-answer.ts';
import type { FindEndpoints } from '../../core/provider.ts';
import { AwsError } from '../../local/aws/errors.ts';
import { tokenRequestMs } from '../../core/time-limits.ts';
import { SecretsManager } from '../../local/aws/secrets-manager/secrets-manager.ts';
import { administrator } from '../../local/aws/service.ts';
import { diceRandom } from './dice.ts';
import type { Request } from './dynamodb.ts';
import { DynamoDb } from './dynamodb.ts';
import type { Invocation, Lambda } from './lambda.ts';
import type { Ledger } from './ledger.ts';
import type { Mutant } from './mutants.ts';
import type { ProviderModel } from './provider.ts';
import type { Stage } from './stage.ts';
import { StaleReads } from './stale-reads.ts';
import type { StateMachine } from './state-machine.ts';

/** All that the functions need of the world. */
export interface Ports {
  readonly grants: Grants;
  readonly authorizations: Authorizations;
  readonly tokens: Tokens;
  readonly clients: Clients;
  readonly tokenEndpoint: TokenEndpoint;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly messages: Messages;
  readonly notices: Notices;
  readonly metrics: Metrics;
  /** Nobody asks by the panel. */
  readonly workflow: Omit<Workflow, 'startExecution'>;
  readonly incidents: Incidents;
  readonly events: Events;
  readonly limits: RateLimits;
  readonly findEndpoints: FindEndpoints;
  readonly clock: Clock;
  readonly random: Random;
}

export const secretPrefix = 'simulation';
export const clientSecretName = `${secretPrefix}/client/main`;
const tableName = 'table';
/** Partition keys that the roles of functions and of the state machine may write (`infra/permissions.ts`). */
const writable = /^connection#/;

/** The real reading of a callback; the requests themselves go to the model. */
const realEndpoint = oauthTokenEndpoint({ timeoutMs: tokenRequestMs });

/** The services: the real adapters of DynamoDB and Secrets Manager speak to them call by call. */
export class Cloud {
  readonly table: DynamoDb;
  readonly secrets: SecretsManager;
  /** Nobody listens, unless somebody does. */
  metrics: Metrics = { put: () => undefined, count: () => undefined };
  readonly #stage: Stage;
  readonly #lambda: Lambda;
  readonly #ledger: Ledger;
  readonly #provider: ProviderModel;
  readonly #mutant: Mutant;
  readonly #staleReads: StaleReads;
  #machine: Pick<StateMachine, 'resume' | 'start' | 'startNamed'> | undefined;

  constructor(stage: Stage, lambda: Lambda, ledger: Ledger, provider: ProviderModel, mutant: Mutant) {
    this.#stage = stage;
    this.#lambda = lambda;
    this.#ledger = ledger;
    this.#provider = provider;
    this.#mutant = mutant;
    this.table = new DynamoDb((key, before, after) => ledger.itemChanged(key, before, after));
    this.secrets = new SecretsManager({ clock: stage.agenda, authorize: () => undefined });
    this.#staleReads = new StaleReads(this.secrets);
  }

  connect(machine: Pick<StateMachine, 'resume' | 'start' | 'startNamed'>): void {
    this.#machine = machine;
  }

  /** A call of the table with the role of a function, or of the state machine. */
  useTable(operation: string, request: Request): Record<string, unknown> {
    const { pk } = request.Key ?? request.Item ?? {};
    const { mayWrite = (key) => writable.test(key) } = this.#mutant;
    if (pk !== undefined && operation !== 'GetItem' && !mayWrite(pk.S!)) {
      throw new AwsError('AccessDeniedException', `No identity-based policy allows dynamodb:${operation}.`);
    }
    return this.table.call(operation, request);
  }

  /** What one invocation sees of the world. */
  ports(invocation: Invocation): Ports {
    const clock = { nowMs: () => Math.round(this.#stage.nowMs + invocation.skewMs) };
    const random = diceRandom(this.#stage.dice);
    const table = new Table(tableName, this.#dynamoDbClient(invocation));
    const secrets = this.#secretsManagerClient(invocation);
    const ports: Ports = {
      grants: dynamoGrants(table),
      authorizations: dynamoAuthorizations(table),
      tokens: secretsManagerTokens(secretPrefix, secrets, secrets),
      clients: secretsManagerClients(secrets),
      tokenEndpoint: this.#tokenEndpoint(invocation),
      revocationEndpoint: this.#revocationEndpoint(invocation),
      messages: this.#messages(invocation),
      notices: dynamoNotices(table),
      metrics: {
        put: (...given) => {
          this.#ledger.answered('a metric', given);
          this.metrics.put(...given);
        },
        count: (...given) => {
          this.#ledger.answered('a metric', given);
          this.metrics.count(...given);
        },
      },
      workflow: this.#workflow(invocation),
      incidents: dynamoIncidents(table, clock),
      events: dynamoEvents(table, clock, random),
      limits: dynamoLimits(table, random),
      findEndpoints: async ({ authorizationEndpoint = '', tokenEndpoint = '' }) => ({
        kind: 'found',
        endpoints: { authorizationEndpoint, tokenEndpoint, promisesIss: false },
      }),
      clock,
      random,
    };
    return named(invocation, this.#mutant.ports?.(ports) ?? ports);
  }

  #call<T>(invocation: Invocation, effect: () => T | Promise<T>): Promise<T> {
    const unanswered = () => {
      throw named500();
    };
    return this.#lambda.call({ invocation, to: 'aws', effect, unanswered });
  }

  #dynamoDbClient(invocation: Invocation): DynamoDBClient {
    const send = (command: { readonly input: Request }) => {
      const operation = operationOf(command);
      const input = this.#mutant.dynamoDb?.(command.input) ?? command.input;
      return this.#call(invocation, () => {
        this.#ledger.acting = invocation;
        return asSdk(() => this.useTable(operation, input));
      });
    };
    return { send } as unknown as DynamoDBClient;
  }

  #secretsManagerClient(invocation: Invocation): SecretsManagerClient {
    const send = (command: { readonly input: Record<string, unknown> }) => {
      const operation = operationOf(command);
      const answered = this.#call(invocation, () =>
        asSdk(async () => {
          const input =
            this.#mutant.secretsManager?.(command.input, (name) => this.#ledger.currentOf(name)) ??
            command.input;
          const asked = operation === 'GetSecretValue' ? this.#maybeStale(invocation, input) : input;
          const answer = await this.secrets.call(operation, asked, administrator);
          if (operation !== 'GetSecretValue')
            await this.#staleReads.remember(String(input.SecretId), this.#stage.nowMs);
          this.#ledger.secretCalled(operation, input, answer, invocation);
          return answer;
        }),
      );
      if (operation === 'PutSecretValue') {
        answered.catch((error: Error) => this.#ledger.putFailed(invocation, error.name));
      }
      return answered;
    };
    return { send } as unknown as SecretsManagerClient;
  }

  /** Some reads show what the secret held seconds ago. */
  #maybeStale(invocation: Invocation, input: Record<string, unknown>): Record<string, unknown> {
    const { nowMs, dice, faults } = this.#stage;
    if (input.SecretId === clientSecretName || !faults.happens('stale read', 8)) return input;
    invocation.metFault = true;
    return this.#staleReads.asOf(nowMs - dice.between(500, 40_000), input);
  }

  #tokenEndpoint(invocation: Invocation): TokenEndpoint {
    const ask = async (effect: () => TokenAnswer) => {
      const answer = await this.#lambda.call<TokenAnswer>({
        invocation,
        to: 'provider',
        effect,
        unanswered: () => ({ kind: 'refused', refusal: 'unavailable', error: 'not reached in time' }),
      });
      this.#ledger.providerAnswered(invocation, answer);
      return answer;
    };
    return {
      readCallback: (...given) => realEndpoint.readCallback(...given),
      refresh: (provider, client, refreshToken) => {
        this.#ledger.requestLeaves(invocation, provider);
        this.#ledger.spendBegins(invocation, refreshToken.reveal());
        return ask(() => this.#provider.refresh(provider, client, refreshToken));
      },
      exchange: (provider, client, code) => {
        this.#ledger.requestLeaves(invocation, provider);
        return ask(() => {
          const answer = this.#provider.exchange(provider, client, code);
          this.#ledger.codeExchanged(invocation, answer);
          return answer;
        });
      },
      identify: ({ identity }, { accessToken }) => {
        if (identity === undefined) return Promise.resolve({ kind: 'identity', identity: {} });
        return this.#lambda.call<IdentityAnswer>({
          invocation,
          to: 'provider',
          effect: () => {
            const answer = this.#provider.identify(accessToken);
            if (answer.kind === 'unavailable') invocation.metFault = true;
            return answer;
          },
          unanswered: () => ({ kind: 'unavailable', error: 'not reached in time' }),
        });
      },
    };
  }

  #revocationEndpoint(invocation: Invocation): RevocationEndpoint {
    return {
      revoke: (provider, client, token) => {
        this.#ledger.requestLeaves(invocation, provider);
        return this.#lambda.call<RevocationAnswer>({
          invocation,
          to: 'provider',
          effect: () => this.#provider.revoke(client, token),
          unanswered: () => 'unavailable',
        });
      },
    };
  }

  #messages(invocation: Invocation): Messages {
    return {
      send: async (channel, { connectionId }, notice) => {
        try {
          await callPort(() =>
            this.#call(invocation, () => this.#ledger.noticeSent(invocation, connectionId, channel, notice)),
          );
        } catch {
          throw new ChannelUnavailableError('A simulated fault.');
        }
      },
      notifyOperators: ({ text }) =>
        callPort(() =>
          this.#call(invocation, () => this.#ledger.passedOn(invocation, invocation.connectionId, text)),
        ),
    };
  }

  #workflow(invocation: Invocation): Omit<Workflow, 'startExecution'> {
    const machine = this.#machine!;
    return {
      resume: async (taskTokens, resumption) => {
        const resumeOne = (taskToken: string) =>
          callPort(() => this.#call(invocation, () => machine.resume(taskToken, resumption)));
        await Promise.all(taskTokens.map(resumeOne));
      },
      report: (connectionId, step, { name, message }) => {
        const report = { step, error: name, reason: message };
        return callPort(() =>
          this.#call(invocation, () => machine.start('report', { connectionId, trigger: 'link', report })),
        );
      },
      refreshNow: (connectionId) => {
        const input = { connectionId, trigger: 'link', force: 'refresh' };
        return callPort(() => this.#call(invocation, () => machine.start('refresh-now', input)));
      },
      startForLink: async (connectionId, authorizationId) => {
        const input = { connectionId, trigger: 'link', force: 'reauthorize', authorizationId };
        const name = `${connectionId}-auth-${authorizationId}`;
        await callPort(() => this.#call(invocation, () => machine.startNamed(name, input)));
        return undefined;
      },
    };
  }
}

/** Each port call leaves its name for the trace. */
function named(invocation: Invocation, ports: Ports): Ports {
  const entries = Object.entries(ports).map(([portName, port]) => {
    if (typeof port === 'function' || portName === 'clock' || portName === 'random')
      return [portName, port] as const;
    const methods = Object.entries(port as Record<string, (...given: unknown[]) => unknown>).map(
      ([methodName, method]) => {
        const doing = `${portName}.${methodName}`;
        const call = (...given: unknown[]) => {
          invocation.doing = doing;
          return method(...given);
        };
        return [methodName, call] as const;
      },
    );
    return [portName, Object.fromEntries(methods)] as const;
  });
  return Object.fromEntries(entries) as unknown as Ports;
}

function operationOf(command: object): string {
  return command.constructor.name.replace(/Command$/, '');
}

/** The embedded services' errors as the SDK throws them. */
async function asSdk<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as AwsError;
    throw Object.assign(new Error(message), { name: code });
  }
}

/** For the ports that have no adapter here: what `callAws` makes of AWS's faults. */
async function callPort<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch {
    throw new StoreUnavailableError('A simulated fault.');
  }
}

function named500(): Error {
  return Object.assign(new Error('A simulated fault.'), { name: 'InternalServerError' });
}
