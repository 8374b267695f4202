/** Secrets Manager: secrets as text, with versions and staging labels. */
import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { TableService, type Output } from '../operations.ts';
import { SecretVersions, type Version } from './secret-versions.ts';
import {
  DescribeSecretInput,
  GetSecretValueInput,
  NewSecret,
  PutSecretValueInput,
  UpdateSecretVersionStageInput,
} from './secrets-manager-input.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../service.ts';
import { parseInput } from '../validate.ts';

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly createdAtMs: number;
  changedAtMs: number;
  readonly versions: SecretVersions;
}

export class SecretsManager implements AwsService {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #authorize: Authorize;
  readonly #secrets = new Map<string, Secret>();
  readonly #table = new TableService('secretsmanager', [
    ['PutSecretValue', (input, caller) => this.#putSecretValue(input, caller)],
    ['GetSecretValue', (input, caller) => this.#getSecretValue(input, caller)],
    ['DescribeSecret', (input, caller) => this.#describeSecret(input, caller)],
    ['UpdateSecretVersionStage', (input, caller) => this.#updateSecretVersionStage(input, caller)],
  ]);

  constructor({ clock, authorize }: { clock: Pick<Clock, 'now'>; authorize: Authorize }) {
    this.#clock = clock;
    this.#authorize = authorize;
  }

  /**
   * Makes a secret without a value, as the program registers it.
   * @returns its ARN
   * @throws {AwsError} `ResourceExistsException`
   */
  createSecret(secret: NewSecret): string {
    const { name, description } = parseInput('secretsmanager:CreateSecret', NewSecret, secret);
    if (this.#secrets.has(name)) {
      throw new AwsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const arn = secretArn(name);
    const nowMs = this.#clock.now();
    const versions = new SecretVersions(arn);
    this.#secrets.set(name, { arn, name, description, createdAtMs: nowMs, changedAtMs: nowMs, versions });
    return arn;
  }

  /** Every value of every version, for tests that search for leaks. */
  *values(): Iterable<{ name: string; versionId: string; value: string }> {
    for (const { name, versions } of this.#secrets.values()) {
      for (const { id, value } of versions.all()) yield { name, versionId: id, value };
    }
  }

  async call(operation: string, input: Record<string, unknown>, caller: Caller): Promise<Output> {
    return this.#table.call(operation, input, caller);
  }

  #putSecretValue(input: Record<string, unknown>, caller: Caller): Output {
    const {
      SecretId: id,
      ClientRequestToken: token,
      SecretString: value,
      VersionStages: stages = ['AWSCURRENT'],
    } = parseInput('secretsmanager:PutSecretValue', PutSecretValueInput, input);
    const secret = this.#authorized(caller, 'PutSecretValue', id);
    const version = secret.versions.put(required(token), value, stages, this.#clock.now());
    secret.changedAtMs = Math.max(secret.changedAtMs, version.createdAtMs);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      VersionStages: [...version.stages],
    };
  }

  #getSecretValue(input: Record<string, unknown>, caller: Caller): Output {
    const {
      SecretId: id,
      VersionId: versionId,
      VersionStage: stage,
    } = parseInput('secretsmanager:GetSecretValue', GetSecretValueInput, input);
    const { arn, name, versions } = this.#authorized(caller, 'GetSecretValue', id);
    const version =
      versionId === undefined ? versions.byStage(stage ?? 'AWSCURRENT') : versions.byId(versionId);
    if (stage !== undefined && !version.stages.has(stage)) {
      throw new AwsError(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      );
    }
    return {
      ARN: arn,
      Name: name,
      VersionId: version.id,
      SecretString: version.value,
      VersionStages: [...version.stages],
      CreatedDate: version.createdAtMs / 1000,
    };
  }

  #describeSecret(input: Record<string, unknown>, caller: Caller): Output {
    const { SecretId: id } = parseInput('secretsmanager:DescribeSecret', DescribeSecretInput, input);
    const secret = this.#authorized(caller, 'DescribeSecret', id);
    return { ...description(secret), VersionIdsToStages: labelled(secret.versions.all()) };
  }

  #updateSecretVersionStage(input: Record<string, unknown>, caller: Caller): Output {
    const {
      SecretId: id,
      VersionStage: stage,
      RemoveFromVersionId: from,
      MoveToVersionId: to,
    } = parseInput('secretsmanager:UpdateSecretVersionStage', UpdateSecretVersionStageInput, input);
    const secret = this.#authorized(caller, 'UpdateSecretVersionStage', id);
    secret.versions.moveStage(stage, from, to);
    secret.changedAtMs = this.#clock.now();
    return { ARN: secret.arn, Name: secret.name };
  }

  /** Checks the permission first: only callers who have it learn whether a secret exists. */
  #authorized(caller: Caller, operation: string, secretId: string): Secret {
    const secret = this.#resolve(secretId);
    const arn = secret?.arn ?? (secretId.startsWith('arn:') ? secretId : `${arnPrefix}${secretId}`);
    this.#authorize(caller, `secretsmanager:${operation}`, arn);
    if (!secret) {
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return secret;
  }

  /** A name, an ARN, or an ARN without its six random characters. */
  #resolve(secretId: string): Secret | undefined {
    const byName = this.#secrets.get(secretId);
    if (byName || !secretId.startsWith(arnPrefix)) return byName;
    return (
      this.#secrets.get(secretId.slice(arnPrefix.length)) ??
      [...this.#secrets.values()].find(({ arn }) => arn === secretId)
    );
  }
}

const arnPrefix = `arn:aws:secretsmanager:${region}:${accountId}:secret:`;

/** The six characters distinguish a secret from an earlier one of the same name. */
function secretArn(name: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const suffix = Array.from({ length: 6 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return `${arnPrefix}${name}-${suffix}`;
}

function description(secret: Secret): Output {
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description !== undefined && { Description: secret.description }),
    LastChangedDate: secret.changedAtMs / 1000,
    CreatedDate: secret.createdAtMs / 1000,
  };
}

/** Versions without a label are deprecated and not listed. */
function labelled(versions: Version[]): Record<string, string[]> {
  return Object.fromEntries(
    versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
  );
}

function required(token: string | undefined): string {
  if (token !== undefined) return token;
  throw new AwsError(
    'InvalidParameterException',
    'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
  );
}
