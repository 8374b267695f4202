import type { SecretsManager } from '../../local/aws/secrets-manager/secrets-manager.ts';
import { AwsError } from '../../local/aws/errors.ts';
import { administrator } from '../../local/aws/service.ts';

interface Request {
  readonly SecretId: string;
  readonly VersionId?: string;
  readonly VersionStage?: string;
}

interface Snapshot {
  readonly atMs: number;
  readonly labels: ReadonlyMap<string, string>;
  readonly versionIds: ReadonlySet<string>;
}

/**
 * The past of every secret, from which stale reads are answered.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html "eventually consistent"
 */
export class StaleReads {
  readonly #secrets: SecretsManager;
  readonly #snapshots = new Map<string, Snapshot[]>();

  constructor(secrets: SecretsManager) {
    this.#secrets = secrets;
  }

  /** After every write. */
  async remember(secretId: string, atMs: number): Promise<void> {
    const { VersionIdsToStages: stages } = (await this.#secrets.call(
      'DescribeSecret',
      { SecretId: secretId },
      administrator,
    )) as { readonly VersionIdsToStages: Record<string, string[]> };
    const earlier = this.#snapshots.get(secretId) ?? [];
    const labels = new Map(Object.entries(stages).flatMap(([id, names]) => names.map((name) => [name, id])));
    const versionIds = new Set([...(earlier.at(-1)?.versionIds ?? []), ...labels.values()]);
    this.#snapshots.set(secretId, [...earlier.slice(-50), { atMs, labels, versionIds }]);
  }

  /** The request for what the secret showed then; no version is ever changed. */
  asOf(atMs: number, request: Record<string, unknown>): Record<string, unknown> {
    const {
      SecretId: secretId,
      VersionId: versionId,
      VersionStage: stage = 'AWSCURRENT',
    } = request as unknown as Request;
    const then = this.#snapshots.get(secretId)?.findLast((snapshot) => snapshot.atMs <= atMs);
    const id = versionId === undefined ? then?.labels.get(stage) : versionId;
    if (id === undefined || !then?.versionIds.has(id))
      throw new AwsError('ResourceNotFoundException', 'A simulated stale read shows no such version.');
    return { SecretId: secretId, VersionId: id };
  }
}
