/** Secrets Manager: secrets as text, with versions and staging labels. */
import { randomInt } from 'node:crypto';
import type * as z from 'zod';
import type { Clock } from '../clock.ts';
import { AwsError, notSupported } from '../errors.ts';
import { paged, TableService, type Output } from '../operations.ts';
import { SecretVersions, type Version } from './secret-versions.ts';
import {
  CreateSecretInput,
  DescribeSecretInput,
  GetSecretValueInput,
  ListSecretsInput,
  ListSecretVersionIdsInput,
  PutSecretValueInput,
  UpdateSecretVersionStageInput,
} from './secrets-manager-input.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../service.ts';
import { parseInput } from '../validate.ts';

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: readonly Tag[];
  readonly createdAtMs: number;
  changedAtMs: number;
  readonly versions: SecretVersions;
}

export interface NewSecret {
  readonly name: string;
  readonly description?: string | undefined;
  /** Only AWS's own key is supported: with another one each call would need permissions of KMS too. */
  readonly kmsKeyId?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
}

type Filter = NonNullable<z.output<typeof ListSecretsInput>['Filters']>[number];

const awsManagedKey = 'alias/aws/secretsmanager';

export class SecretsManager implements AwsService {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #authorize: Authorize;
  readonly #secrets = new Map<string, Secret>();
  readonly #table = new TableService('secretsmanager', [
    ['CreateSecret', (input, caller) => this.#createSecret(input, caller)],
    ['PutSecretValue', (input, caller) => this.#putSecretValue(input, caller)],
    ['GetSecretValue', (input, caller) => this.#getSecretValue(input, caller)],
    ['DescribeSecret', (input, caller) => this.#describeSecret(input, caller)],
    ['ListSecrets', (input, caller) => this.#listSecrets(input, caller)],
    ['ListSecretVersionIds', (input, caller) => this.#listVersions(input, caller)],
    ['UpdateSecretVersionStage', (input, caller) => this.#updateSecretVersionStage(input, caller)],
  ]);

  constructor({ clock, authorize }: { clock: Pick<Clock, 'now'>; authorize: Authorize }) {
    this.#clock = clock;
    this.#authorize = authorize;
  }

  /** Makes a secret without a value, as the program registers it. @returns its ARN */
  createSecret({ name, description, kmsKeyId, tags = {} }: NewSecret): string {
    const { Name: validName, Tags = [] } = parseInput('secretsmanager:CreateSecret', CreateSecretInput, {
      Name: name,
      ...(description !== undefined && { Description: description }),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    refuseOtherKeys(kmsKeyId);
    return this.#create(validName, secretArn(validName), description, Tags).arn;
  }

  /** Every stored value of every version, for a test that searches where values have leaked to. */
  *values(): Iterable<{ name: string; versionId: string; value: string }> {
    for (const { name, versions } of this.#secrets.values()) {
      for (const { id, value } of versions.all()) yield { name, versionId: id, value };
    }
  }

  async call(operation: string, input: Record<string, unknown>, caller: Caller): Promise<Output> {
    return this.#table.call(operation, input, caller);
  }

  #createSecret(input: Record<string, unknown>, caller: Caller): Output {
    const {
      Name: name,
      ClientRequestToken: token,
      SecretString: value,
      ...rest
    } = parseInput('secretsmanager:CreateSecret', CreateSecretInput, input);
    const existing = this.#secrets.get(name);
    const arn = existing?.arn ?? secretArn(name);
    this.#authorize(caller, 'secretsmanager:CreateSecret', arn);
    refuseOtherKeys(rest.KmsKeyId);
    if (existing) {
      // A repeat of the same request is answered as the first one was.
      const repeated = existing.versions.all().find(({ id }) => id === token);
      if (repeated && repeated.value === value) return { ARN: arn, Name: name, VersionId: token };
      throw new AwsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    if (value === undefined) {
      this.#create(name, arn, rest.Description, rest.Tags);
      return { ARN: arn, Name: name };
    }
    const versionId = required(token);
    const secret = this.#create(name, arn, rest.Description, rest.Tags);
    secret.versions.put(versionId, value, ['AWSCURRENT'], this.#clock.now());
    return { ARN: arn, Name: name, VersionId: versionId };
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

  #listSecrets(input: Record<string, unknown>, caller: Caller): Output {
    const {
      MaxResults: max = 100,
      NextToken: token,
      Filters: filters = [],
      SortOrder: order,
    } = parseInput('secretsmanager:ListSecrets', ListSecretsInput, input);
    // An action without resource level.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
    this.#authorize(caller, 'secretsmanager:ListSecrets', '*');
    const found = [...this.#secrets.values()].filter((secret) =>
      filters.every((filter) => matchesFilter(secret, filter)),
    );
    const { items, next } = paged(order === 'desc' ? found.toReversed() : found, { max, token });
    return {
      SecretList: items.map((secret) => ({
        ...description(secret),
        SecretVersionsToStages: labelled(secret.versions.all()),
      })),
      ...(next !== undefined && { NextToken: next }),
    };
  }

  #listVersions(input: Record<string, unknown>, caller: Caller): Output {
    const {
      SecretId: id,
      IncludeDeprecated: all,
      MaxResults: max = 100,
      NextToken: token,
    } = parseInput('secretsmanager:ListSecretVersionIds', ListSecretVersionIdsInput, input);
    const { arn, name, versions } = this.#authorized(caller, 'ListSecretVersionIds', id);
    const found = versions.all().filter(({ stages }) => all || stages.size > 0);
    const { items, next } = paged(found, { max, token });
    return {
      ARN: arn,
      Name: name,
      Versions: items.map((version) => ({
        VersionId: version.id,
        ...(version.stages.size > 0 && { VersionStages: [...version.stages] }),
        CreatedDate: version.createdAtMs / 1000,
        KmsKeyIds: ['DefaultEncryptionKey'],
      })),
      ...(next !== undefined && { NextToken: next }),
    };
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

  /** Permission comes first: whether a secret exists is told only to those who may ask. */
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

  #create(name: string, arn: string, text: string | undefined, tags: readonly Tag[] = []): Secret {
    if (this.#secrets.has(name)) {
      throw new AwsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const now = this.#clock.now();
    const secret: Secret = {
      arn,
      name,
      description: text,
      tags,
      createdAtMs: now,
      changedAtMs: now,
      versions: new SecretVersions(arn),
    };
    this.#secrets.set(name, secret);
    return secret;
  }
}

const arnPrefix = `arn:aws:secretsmanager:${region}:${accountId}:secret:`;

/** The six characters tell a secret from an earlier one of the same name. */
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
    Tags: secret.tags,
    CreatedDate: secret.createdAtMs / 1000,
  };
}

/**
 * Names, descriptions and tags match by their beginning, `all` by any word; a value with `!` matches what does not.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
 */
function matchesFilter(
  { name, description: text = '', tags }: Secret,
  { Key: key, Values: values }: Filter,
): boolean {
  const texts = {
    name: [name],
    description: [text],
    'tag-key': tags.map((tag) => tag.Key),
    'tag-value': tags.map((tag) => tag.Value),
  };
  const fold = (each: string) => (key === 'name' || key.startsWith('tag') ? each : each.toLowerCase());
  const searched =
    key === 'all'
      ? Object.values(texts)
          .flat()
          .flatMap((each) => [each, ...each.split(/[\W_]+/)])
      : texts[key];
  return values.some((value) => {
    const isNegated = value.startsWith('!');
    const wanted = fold(isNegated ? value.slice(1) : value);
    return searched.some((each) => fold(each).startsWith(wanted)) !== isNegated;
  });
}

/** Versions without a label are deprecated, and not told. */
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

function refuseOtherKeys(kmsKeyId: string | undefined): void {
  if (kmsKeyId !== undefined && kmsKeyId !== awsManagedKey) {
    throw notSupported('secrets encrypted with a KMS key of your own');
  }
}
