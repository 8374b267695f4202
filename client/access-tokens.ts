import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SFNClient } from '@aws-sdk/client-sfn';

import type { Disconnected } from './access-token.ts';
import { AccessToken, readSecret } from './access-token.ts';
import type { ConnectionFacts } from './errors.ts';
import { AccessTokenError, AccessTokenRefusedError, ReauthorizationRequiredError } from './errors.ts';

export interface AccessTokensOptions {
  /** The name of the Pulumi stack, such as `prod`. `GRANTKEEPER_STACK` by default. */
  readonly stack?: string;
  /** By default a client with the region and credentials of the environment. */
  readonly secretsManager?: SecretsManagerClient;
  /** Called for a refresh. By default a client with the region and credentials of `secretsManager`. */
  readonly stepFunctions?: () => Promise<SFNClient>;
  /** How long to wait for a requested refresh, milliseconds. 10,000 by default. */
  readonly waitMs?: number;
  /** Called when a token still works but Grantkeeper could not refresh it. `process.emitWarning` by default. */
  readonly onWarning?: (warning: string) => void;
  /** The time in epoch milliseconds. `Date.now` by default. */
  readonly now?: () => number;
}

export interface AccessTokenRequest {
  readonly connectionId: string;
  /** The least remaining lifetime of the token in seconds. 60 by default. */
  readonly minTtlSeconds?: number;
  /** A token that the API refused before its end. Another one is returned. */
  readonly instead?: AccessToken;
}

const defaultMinTtlSeconds = 60;
const defaultWaitMs = 10_000;
/** The time before the first read after a refresh request. A refresh takes one to three seconds. */
const firstLookMs = 400;
const hourMs = 3_600_000;
/** Grantkeeper's limits for requests of all consumers together. */
const asksPerHour = 4;
const asksPerDay = 20;
/** If the API refuses a replacement within this time, the token is not the reason. */
const replacementTrialMs = 5 * 60_000;
/** The header `Date` has whole seconds, and an answer takes some time. */
const toleratedOffsetMs = 30_000;

interface TokenRequest {
  readonly connectionId: string;
  readonly minTtlSeconds: number;
  /** The version that was refused. */
  readonly insteadOf: string | undefined;
}

interface InFlight {
  readonly tokenRequest: TokenRequest;
  readonly token: Promise<AccessToken>;
}

/**
 * Returns access tokens of one stack's connections and caches them. One instance is enough for a process.
 *
 * @example
 * const tokens = new AccessTokens({ stack: 'prod' });
 * const { authorization } = await tokens.get({ connectionId: 'schwab-main' });
 */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  readonly #ownNow: () => number;
  readonly #secretsManager: SecretsManagerClient;
  readonly #kept = new Map<string, AccessToken>();
  readonly #inFlight = new Map<string, InFlight>();
  /** The version for which a refresh was requested, by connection. It waits once for each version. */
  readonly #waitedFor = new Map<string, string>();
  /** The times of refresh requests within the last hour, by connection. */
  readonly #askedAtMs = new Map<string, readonly number[]>();
  /** The last replacement of a refused token, by connection. */
  readonly #replacements = new Map<string, { readonly versionId: string; readonly atMs: number }>();
  /** When tokens are replaced again, by connection, after the API refused a replacement. */
  readonly #refusedUntilMs = new Map<string, number>();
  /** How far this machine's clock is ahead of AWS's. 0 if the difference is tolerated. */
  #aheadMs = 0;

  constructor(options: AccessTokensOptions = {}) {
    this.#options = options;
    this.#ownNow = options.now ?? (() => Date.now());
    this.#secretsManager = options.secretsManager ?? new SecretsManagerClient({});
  }

  /**
   * Returns a token that is valid for `minTtlSeconds`. It tries the cache, then the secret, then requests a refresh and waits.
   * Calls at the same time share one request.
   * @returns a token that is valid for less, with a warning, if Grantkeeper cannot refresh
   * @throws {ReauthorizationRequiredError} there is no valid token
   * @throws {AccessTokenRefusedError} the API refused a token and then its replacement
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

  /** After a refused replacement, refuses further replacements for an hour. */
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
    const inFlight = this.#inFlight.get(connectionId);
    if (inFlight === undefined) return this.#start(tokenRequest);
    const isTheSame =
      inFlight.tokenRequest.minTtlSeconds >= tokenRequest.minTtlSeconds &&
      inFlight.tokenRequest.insteadOf === tokenRequest.insteadOf;
    if (isTheSame) return inFlight.token;
    await inFlight.token.catch(() => undefined);
    return this.#get(tokenRequest);
  }

  #start(tokenRequest: TokenRequest): Promise<AccessToken> {
    const token = this.#fetch(tokenRequest).finally(() => this.#inFlight.delete(tokenRequest.connectionId));
    this.#inFlight.set(tokenRequest.connectionId, { tokenRequest, token });
    return token;
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

    let failure = `none came within the wait (for all consumers together Grantkeeper makes ${asksPerHour} an hour and ${asksPerDay} a day while a token is valid)`;
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
      `the access token ${what}, and a new one: ${failure}. Either its owner has to log in, or Grantkeeper cannot reach the provider.`,
      token,
    );
  }

  /** While the secret cannot be read, returns the cached token until it ends. */
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
      // The message is the name of a field, never its value.
      const field = error instanceof TypeError ? error.message : 'its value';
      throw new AccessTokenError(
        `The secret ${name} is not Grantkeeper's: ${field} is missing or malformed. If it was edited by hand, refresh the connection: grantkeeper then writes it again.`,
      );
    }
  }

  /** This machine's time, corrected by AWS's clock if they differ too much. */
  #now(): number {
    return this.#ownNow() - this.#aheadMs;
  }

  /** Compares the clocks. With a clock that is ahead every token would seem to have ended. */
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

  /** Names the execution by the token's version, so that all consumers of a version start one execution. */
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

  /** Adds up its pauses and reads no clock, because a sleeping laptop moves the clock. */
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

  /** True if the token satisfies the request. Caps `minTtlSeconds` at the token's lifetime minus 60 s. */
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

/** Translates an error of Secrets Manager into one with a remedy. */
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
