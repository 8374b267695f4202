import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { AccessSecret, GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type { Tokens } from '../../core/ports.ts';

/** Both secrets of a connection. */
export interface Stored {
  readonly grant: Versions<GrantSecret>;
  readonly access: Versions<AccessSecret>;
}

/**
 * Reads of Secrets Manager are eventually consistent; reads of the record are consistent. Within this time after a change, a
 * read without the recorded version counts as stale.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
 */
const settlesMs = 5 * 60_000;

export async function readStored(connectionId: string, tokens: Tokens): Promise<Stored> {
  const [grant, access] = await Promise.all([
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
  ]);
  return { grant, access };
}

/**
 * Refuses a read that is older than the record: its refresh token may be spent already.
 * @throws {StoreUnavailableError} try again in some seconds
 */
export function requireCurrent(connectionId: string, stored: Stored, record: Grant, nowMs: number): void {
  if (isGrantStale(stored.grant, record, nowMs))
    throw staleRead(connectionId, 'grant', record.grantVersionId);
  if (isAccessStale(stored.access, record, nowMs))
    throw staleRead(connectionId, 'access', record.accessVersionId);
}

/** Replaces stale versions by those of the record, because a move of `AWSCURRENT` must name the version with the label. */
export function asRecorded(stored: Stored, record: Grant, nowMs: number): Stored {
  const { grant, access } = stored;
  return {
    grant: isGrantStale(grant, record, nowMs) ? { currentVersionId: record.grantVersionId } : grant,
    access: isAccessStale(access, record, nowMs) ? { currentVersionId: record.accessVersionId } : access,
  };
}

/** A version that was refreshed from the recorded one is newer: its refresh died before it wrote the record. */
function isGrantStale(found: Versions<GrantSecret>, record: Grant, nowMs: number): boolean {
  const { grantVersionId, grantObtainedAtMs = 0 } = record;
  if (found.current?.derivedFrom !== undefined && found.current.derivedFrom === grantVersionId) return false;
  return isStale(found, grantVersionId, grantObtainedAtMs, nowMs);
}

/** Compares times, because clocks differ only by seconds and a slightly older access token does no harm. */
function isAccessStale(found: Versions<AccessSecret>, record: Grant, nowMs: number): boolean {
  const { accessVersionId, refreshedAtMs = 0 } = record;
  return nowMs < refreshedAtMs + settlesMs && isStale(found, accessVersionId, refreshedAtMs, nowMs);
}

function isStale(
  { currentVersionId, current }: Versions<GrantSecret | AccessSecret>,
  recordedVersionId: string | undefined,
  recordedAtMs: number,
  nowMs: number,
): boolean {
  if (recordedVersionId === undefined || currentVersionId === recordedVersionId) return false;
  if (currentVersionId === undefined) return nowMs < recordedAtMs + settlesMs;
  // A version of another program has no time, and counts as current.
  return current !== undefined && Date.parse(current.obtainedAt) < recordedAtMs;
}

function staleRead(
  connectionId: string,
  secret: string,
  versionId: string | undefined,
): StoreUnavailableError {
  return new StoreUnavailableError(
    `Secrets Manager shows a version of the ${secret} secret of ${connectionId} that is older than ${versionId}, which the record names.`,
  );
}
