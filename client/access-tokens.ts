import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SFNClient } from '@aws-sdk/client-sfn';

import type { Disconnected } from './access-token.ts';
import { AccessToken, readSecret } from './access-token.ts';
import type { ConnectionFacts } from './errors.ts';
import { AccessTokenError, AccessTokenRefusedError, ReauthorizationRequiredError } from './errors.ts';

export interface AccessTokensOptions {
  /** The stack that keeps the grants, as in `pulumi stack select prod`. `GRANTKEEPER_STACK` by default. */
  readonly stack?: string;
  /** One of your own, with its region and credentials. By default the environment's. */
  readonly secretsManager?: SecretsManagerClient;
  /** Asked for when a refresh is. By default one with the region and the credentials of the other one. */
  readonly stepFunctions?: () => Promise<SFNClient>;
  /** How long a refresh that was asked for is waited for, milliseconds. */
  readonly waitMs?: number;
  /** Hears of what still works and will not for long. By default it is a warning of the process. */
  readonly onWarning?: (warning: string) => void;
  /** Epoch milliseconds; the system's by default. */
  readonly now?: () => number;
}

export interface AccessTokenRequest {
  readonly connectionId: string;
  /** How long the token has to live from now on; 60 by default. */
  readonly minTtlSeconds?: number;
  /** A token that was refused, though its time is not over: another one is wanted. */
  readonly instead?: AccessToken;
}

const defaultMinTtlSeconds = 60;
const defaultWaitMs = 10_000;
/** Between looks at the secret. A refresh takes one to three seconds. */
const firstLookMs = 400;
const hourMs = 3_600_000;
/** The keeper grants as many to all consumers together. */
const asksPerHour = 4;
const asksPerDay = 20;
/** A replacement that is refused so soon shows that the token is not what the API objects to. */
const replacementTrialMs = 5 * 60_000;
/** `Date` has whole seconds, and an answer takes a moment. */
const toleratedOffsetMs = 30_000;

interface TokenRequest {
  readonly connectionId: string;
  readonly minTtlSeconds: number;
  /** The version that was refused. */
  readonly insteadOf: string | undefined;
}

interface InFlight {
  readonly tokenRequest: TokenRequest;
  readonly landing: Promise<AccessToken>;
}

/** Access tokens of the connections of one stack, kept in memory. One of these serves a whole process. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  readonly #ownNow: () => number;
  readonly #secretsManager: SecretsManagerClient;
  readonly #kept = new Map<string, AccessToken>();
  readonly #inFlight = new Map<string, InFlight>();
  /** The version that a refresh was asked for and not had, by connection: one wait for each is enough. */
  readonly #waitedFor = new Map<string, string>();
  /** When refreshes were asked for within the last hour, by connection. */
  readonly #askedAtMs = new Map<string, readonly number[]>();
  /** The token given `instead` of a refused one, by connection. */
  readonly #replacements = new Map<string, { readonly versionId: string; readonly atMs: number }>();
  /** Until when no token is replaced, by connection: the last replacement was refused as well. */
  readonly #refusedUntilMs = new Map<string, number>();
  /** How far this machine's clock is ahead of AWS's; 0 while that is next to nothing. */
  #aheadMs = 0;

  constructor(options: AccessTokensOptions = {}) {
    this.#options = options;
    this.#ownNow = options.now ?? (() => Date.now());
    this.#secretsManager = options.secretsManager ?? new SecretsManagerClient({});
  }

  /**
   * A token that lives for `minTtlSeconds` from now on. From memory where there is one; else from the secret; else the keeper
   * is asked for a refresh, once however many ask, and waited for.
   * @returns where none is to be had, one that is valid for less, with a warning
   * @throws {ReauthorizationRequiredError} there is no valid token
   * @throws {AccessTokenRefusedError} a token is wanted `instead` of one that was itself a replacement
   * @throws {AccessTokenError} the secret cannot be read
   */
  async get(request: AccessTokenRequest): Promise<AccessToken> {
    const tokenRequest = tokenRequestOf(request);
    if (tokenRequest.insteadOf === undefined) return this.#get(tokenRequest);
    this.#requireReplaceable(tokenRequest);
    const token = await this.#get(tokenRequest);
    this.#replacements.set(tokenRequest.connectionId, { versionId: token.versionId, atMs: this.#now() });
    return token;
  }

  /** A new token does not help where the last new one did not: nothing is asked for an hour. */
  #requireReplaceable({ connectionId, insteadOf }: TokenRequest): void {
    const nowMs = this.#now();
    const last = this.#replacements.get(connectionId);
    const isRefusedToo = last?.versionId === insteadOf && nowMs < last!.atMs + replacementTrialMs;
    const untilMs = this.#refusedUntilMs.get(connectionId) ?? 0;
    if (!isRefusedToo && nowMs >= untilMs) return;
    if (nowMs >= untilMs) this.#refusedUntilMs.set(connectionId, nowMs + hourMs);
    const until = new Date(this.#refusedUntilMs.get(connectionId)!).toISOString();
    throw new AccessTokenRefusedError(
      `${connectionId}: the API refused a token and then the one that replaced it, so the token is not what it objects to. Look at what it answers, at the app's permissions and at the account. No other token is asked for before ${until}.`,
    );
  }

  async #get(tokenRequest: TokenRequest): Promise<AccessToken> {
    const { connectionId } = tokenRequest;
    const kept = this.#kept.get(connectionId);
    if (kept !== undefined && this.#serves(kept, tokenRequest)) return kept;
    const flight = this.#inFlight.get(connectionId);
    if (flight === undefined) return this.#takeOff(tokenRequest);
    const isTheSame =
      flight.tokenRequest.minTtlSeconds >= tokenRequest.minTtlSeconds &&
      flight.tokenRequest.insteadOf === tokenRequest.insteadOf;
    if (isTheSame) return flight.landing;
    await flight.landing.catch(() => undefined);
    return this.#get(tokenRequest);
  }

  #takeOff(tokenRequest: TokenRequest): Promise<AccessToken> {
    const landing = this.#fetch(tokenRequest).finally(() => this.#inFlight.delete(tokenRequest.connectionId));
    this.#inFlight.set(tokenRequest.connectionId, { tokenRequest, landing });
    return landing;
  }

  async #fetch(tokenRequest: TokenRequest): Promise<AccessToken> {
    const { connectionId, insteadOf } = tokenRequest;
    const found = await this.#read(connectionId).catch((error: Error) => error);
    if (found instanceof Error) return this.#keptInstead(tokenRequest, found);
    const { token, arn } = found;
    if (this.#serves(token, tokenRequest)) return this.#keep(token);
    if (!(token instanceof AccessToken)) {
      throw new ReauthorizationRequiredError(
        `the connection was disconnected on ${token.disconnectedAt}.`,
        unknownFacts(connectionId),
      );
    }
    const isOver = !token.outlives(0, this.#now());
    if (isOver && token.deadline !== undefined && token.deadline.getTime() <= this.#now()) {
      throw new ReauthorizationRequiredError(
        `the grant ended on ${token.deadline.toISOString()}; its owner has to log in.`,
        token,
      );
    }

    let failure = `none came within the wait (for all consumers together the keeper makes ${asksPerHour} an hour and ${asksPerDay} a day while a token is valid)`;
    const askedAtMs = (this.#askedAtMs.get(connectionId) ?? []).filter((at) => at > this.#now() - hourMs);
    if (this.#waitedFor.get(connectionId) !== token.versionId && askedAtMs.length >= asksPerHour) {
      failure = `this process has asked for ${asksPerHour} within an hour`;
    } else if (this.#waitedFor.get(connectionId) !== token.versionId) {
      this.#waitedFor.set(connectionId, token.versionId);
      this.#askedAtMs.set(connectionId, [...askedAtMs, this.#now()]);
      try {
        await this.#askForRefresh(token, arn);
        const newer = await this.#waitFor(tokenRequest);
        if (newer !== undefined) return this.#keep(newer);
      } catch (error) {
        failure = `it could not be asked for: ${(error as Error).name}: ${(error as Error).message}`;
      }
    }
    const expiry = token.expiresAt.toISOString();
    const isRefused = token.versionId === insteadOf;
    if (!isRefused && !isOver) {
      this.#warn(
        `The access token of ${connectionId} ends at ${expiry}, and a new one: ${failure}. ${token.panelUrl ?? ''}`,
      );
      return token;
    }
    const what = isRefused ? 'was refused' : `ended at ${expiry}`;
    throw new ReauthorizationRequiredError(
      `the access token ${what}, and a new one: ${failure}. Either its owner has to log in, or the keeper cannot reach the provider.`,
      token,
    );
  }

  /** While the secret cannot be read, what is in memory serves to its end. */
  #keptInstead({ connectionId, insteadOf }: TokenRequest, error: Error): AccessToken {
    const kept = this.#kept.get(connectionId);
    if (kept === undefined || kept.versionId === insteadOf || !kept.outlives(0, this.#now())) throw error;
    this.#warn(
      `The access token of ${connectionId} ends at ${kept.expiresAt.toISOString()}, and another one cannot be read: ${error.name}: ${error.message}`,
    );
    return kept;
  }

  #keep(token: AccessToken): AccessToken {
    this.#kept.set(token.connectionId, token);
    return token;
  }

  async #read(connectionId: string): Promise<{ token: AccessToken | Disconnected; arn: string }> {
    const name = `grantkeeper/${this.#stack()}/${connectionId}/access`;
    const command = new GetSecretValueCommand({ SecretId: name });
    command.middlewareStack.add(
      (next) => async (sent) => {
        const result = await next(sent);
        const { headers = {} } = result.response as { readonly headers?: Readonly<Record<string, string>> };
        this.#compareClocks(Date.parse(headers['date'] ?? ''));
        return result;
      },
      { step: 'deserialize' },
    );
    const answer = await this.#secretsManager.send(command).catch((error: unknown) => {
      throw refusalOf(name, connectionId, error as Error);
    });
    try {
      const token = readSecret(connectionId, answer.VersionId!, answer.SecretString ?? '');
      return { token, arn: answer.ARN! };
    } catch (error) {
      // The name of a field, and never what was in it.
      const field = error instanceof TypeError ? error.message : 'its value';
      throw new AccessTokenError(
        `The secret ${name} is not the keeper's: ${field} is missing or malformed. If it was edited by hand, refresh the connection: grantkeeper writes it anew.`,
      );
    }
  }

  /** By this machine's clock, corrected where AWS's says that it is wrong. */
  #now(): number {
    return this.#ownNow() - this.#aheadMs;
  }

  /** By a clock that is ahead every token has ended, and a new one would be asked for again and again. */
  #compareClocks(awsMs: number): void {
    if (Number.isNaN(awsMs)) return;
    const aheadMs = this.#ownNow() - awsMs;
    const isWrong = Math.abs(aheadMs) > toleratedOffsetMs;
    if (isWrong && this.#aheadMs === 0) {
      const offset = `${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
      this.#warn(
        `This machine's clock is ${offset} AWS's. Access tokens are judged by AWS's clock. Set this one right, for example by NTP.`,
      );
    }
    this.#aheadMs = isWrong ? aheadMs : 0;
  }

  /** Whoever has the same version asks for the same execution, so that any number of consumers start one. */
  async #askForRefresh({ connectionId, versionId }: AccessToken, secretArn: string): Promise<void> {
    const [, partition, , region, account] = secretArn.split(':');
    const machine = `grantkeeper-${this.#stack()}-refresh-${connectionId}`;
    const { StartExecutionCommand, SFNClient } = await import('@aws-sdk/client-sfn');
    const { region: ownRegion, credentials } = this.#secretsManager.config;
    const client = await (this.#options.stepFunctions?.() ??
      new SFNClient({ region: ownRegion, credentials }));
    const stateMachineArn = `arn:${partition}:states:${region}:${account}:stateMachine:${machine}`;
    const command = new StartExecutionCommand({ stateMachineArn, name: versionId });
    await client.send(command).catch((error: unknown) => {
      if ((error as Error).name !== 'ExecutionAlreadyExists') throw error;
    });
  }

  /** Counts its looks, and not the time, which a laptop's sleep or a test's clock may move. */
  async #waitFor(tokenRequest: TokenRequest): Promise<AccessToken | undefined> {
    const { waitMs = defaultWaitMs } = this.#options;
    let waitedMs = 0;
    for (let nextMs = firstLookMs; waitedMs < waitMs; nextMs = Math.min(nextMs * 1.5, 2000)) {
      const pauseMs = Math.min(nextMs, waitMs - waitedMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      waitedMs += pauseMs;
      const { token } = await this.#read(tokenRequest.connectionId);
      if (this.#serves(token, tokenRequest)) return token;
    }
    return undefined;
  }

  /** No token lives longer than tokens of its kind do: whoever wishes for more gets one a minute old at most. */
  #serves(
    token: AccessToken | Disconnected,
    { minTtlSeconds, insteadOf }: TokenRequest,
  ): token is AccessToken {
    if (!(token instanceof AccessToken) || token.versionId === insteadOf) return false;
    return token.outlives(Math.min(minTtlSeconds, Math.max(0, token.lifetimeSeconds - 60)), this.#now());
  }

  #warn(warning: string): void {
    const { onWarning } = this.#options;
    if (onWarning === undefined) process.emitWarning(warning, 'GrantkeeperWarning');
    else onWarning(warning);
  }

  #stack(): string {
    const stack = this.#options.stack ?? process.env['GRANTKEEPER_STACK'];
    if (stack !== undefined && stack !== '') return stack;
    throw new AccessTokenError(
      'Which stack keeps the grants? Set GRANTKEEPER_STACK, or give the option `stack`: the name of the Pulumi stack, such as prod.',
    );
  }
}

function tokenRequestOf({
  connectionId,
  minTtlSeconds = defaultMinTtlSeconds,
  instead,
}: AccessTokenRequest): TokenRequest {
  return { connectionId, minTtlSeconds, insteadOf: instead?.versionId };
}

function unknownFacts(connectionId: string): ConnectionFacts {
  return { connectionId, deadline: undefined, panelUrl: undefined };
}

/** Each with its remedy. */
function refusalOf(name: string, connectionId: string, error: Error): Error {
  switch (error.name) {
    case 'ResourceNotFoundException':
      // AWS has one name for both: no such secret, and a secret without a value.
      if (/staging label|value for/i.test(error.message)) {
        return new ReauthorizationRequiredError(
          'it has never been connected; its owner has to log in.',
          unknownFacts(connectionId),
        );
      }
      return new AccessTokenError(
        `There is no secret ${name} in this region. Compare the connection's id, the stack's name and AWS_REGION with the deployment.`,
      );
    case 'AccessDeniedException':
      return new AccessTokenError(
        `This role may not read ${name}. Give it the policy consumerPolicies["${connectionId}"] of the deployment.`,
      );
    case 'CredentialsProviderError':
      return new AccessTokenError(
        'There are no AWS credentials. In Lambda and containers the role has them; elsewhere run aws sso login, or set AWS_PROFILE.',
      );
    case 'InvalidRequestException':
      return new AccessTokenError(
        `The secret ${name} cannot be read: ${error.message} Restore it with aws secretsmanager restore-secret.`,
      );
    default:
      return /region is missing/i.test(error.message)
        ? new AccessTokenError('Which AWS region? Set AWS_REGION to that of the deployment.')
        : error;
  }
}
