/** The versions of one secret, and the staging labels that move among them. */
import { AwsError } from '../errors.ts';

export interface Version {
  readonly id: string;
  readonly value: string;
  readonly createdAtMs: number;
  /** In the order in which they were attached. */
  readonly stages: Set<string>;
}

// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const maxVersions = 100;
const maxLabelsPerSecret = 20;
const dayMs = 24 * 60 * 60 * 1000;

export class SecretVersions {
  readonly #arn: string;
  readonly #versions = new Map<string, Version>();

  constructor(arn: string) {
    this.#arn = arn;
  }

  all(): Version[] {
    return [...this.#versions.values()];
  }

  /** @throws {AwsError} `ResourceNotFoundException` */
  byId(id: string): Version {
    return this.#versions.get(id) ?? notFound(`VersionId: ${id}`);
  }

  /** @throws {AwsError} `ResourceNotFoundException` */
  byStage(stage: string): Version {
    return this.#holderOf(stage) ?? notFound(`staging label: ${stage}`);
  }

  /**
   * Adds a version and moves the labels to it. The first version of a secret is always `AWSCURRENT`. Repeating a put
   * with the same id and value changes nothing. A version that loses `AWSCURRENT` loses `AWSPENDING`, too: a recording
   * of AWS shows that.
   * @throws {AwsError} `ResourceExistsException` for the same id with another value, `LimitExceededException`
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
   */
  put(id: string, value: string, stages: readonly string[], nowMs: number): Version {
    const existing = this.#versions.get(id);
    if (existing) {
      if (existing.value === value) return existing;
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${this.#arn}.`,
      );
    }
    const wanted = new Set(this.#versions.size === 0 ? [...stages, 'AWSCURRENT'] : stages);
    const labels = new Set([...this.all().flatMap((version) => [...version.stages]), ...wanted]);
    if (labels.size > maxLabelsPerSecret) {
      throw limitExceeded(`A secret can have up to ${maxLabelsPerSecret} staging labels.`);
    }
    this.#makeRoom(nowMs);
    const version: Version = { id, value, createdAtMs: nowMs, stages: new Set() };
    this.#versions.set(id, version);
    if (wanted.has('AWSCURRENT')) this.#holderOf('AWSCURRENT')?.stages.delete('AWSPENDING');
    for (const stage of wanted) this.#attach(stage, version);
    return version;
  }

  /**
   * Moves, attaches or removes one label.
   * @throws {AwsError} `InvalidParameterException` unless `fromId` names the version that holds the label now
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
   */
  moveStage(stage: string, fromId: string | undefined, toId: string | undefined): void {
    const target = toId === undefined ? undefined : this.byId(toId);
    const holder = this.#holderOf(stage);
    if (fromId === undefined && toId === undefined) {
      throw invalid('You must specify MoveToVersionId, RemoveFromVersionId, or both.');
    }
    if (fromId === undefined && holder && holder !== target) {
      throw invalid(
        `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    if (fromId !== undefined && fromId !== holder?.id) {
      throw invalid(
        `When you move staging label ${stage}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label ${stage}.`,
      );
    }
    if (target) {
      const labels = new Set([...this.all().flatMap((version) => [...version.stages]), stage]);
      if (labels.size > maxLabelsPerSecret) {
        throw limitExceeded(`A secret can have up to ${maxLabelsPerSecret} staging labels.`);
      }
      this.#attach(stage, target);
      return;
    }
    if (stage === 'AWSCURRENT') {
      throw invalid(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    }
    holder?.stages.delete(stage);
  }

  /** A label is on one version only. The version that loses `AWSCURRENT` becomes `AWSPREVIOUS`. */
  #attach(stage: string, version: Version): void {
    const holder = this.#holderOf(stage);
    if (holder === version) return;
    holder?.stages.delete(stage);
    version.stages.add(stage);
    if (stage === 'AWSCURRENT' && holder) this.#attach('AWSPREVIOUS', holder);
  }

  #holderOf(stage: string): Version | undefined {
    return this.all().find(({ stages }) => stages.has(stage));
  }

  /** Deletes the oldest versions without a label when there are too many, but none younger than a day. */
  #makeRoom(nowMs: number): void {
    for (const { id, stages, createdAtMs } of this.all()) {
      if (this.#versions.size < maxVersions) return;
      if (stages.size === 0 && nowMs - createdAtMs >= dayMs) this.#versions.delete(id);
    }
    if (this.#versions.size >= maxVersions) {
      throw limitExceeded(`A secret can have about ${maxVersions} versions created within 24 hours.`);
    }
  }
}

function notFound(what: string): never {
  throw new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${what}`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}
