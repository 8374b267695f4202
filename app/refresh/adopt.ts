import type { AccessSecret, GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type { Tokens } from '../../core/ports.ts';

/** Makes a pending version current if it was refreshed from the current one. Its refresh died before it could do so. */
export async function adoptGrant(
  connectionId: string,
  { current, pending }: Versions<GrantSecret>,
  tokens: Tokens,
): Promise<GrantSecret | undefined> {
  if (current === undefined || pending?.derivedFrom !== current.versionId) return current;
  const moved = await tokens.moveCurrent(connectionId, 'grant', current.versionId, pending.versionId);
  return moved ? pending : (await tokens.readGrant(connectionId)).current;
}

/** Does the same for the access secret of that grant. */
export async function adoptAccess(
  connectionId: string,
  stored: Versions<AccessSecret>,
  grant: GrantSecret,
  tokens: Tokens,
): Promise<Versions<AccessSecret>> {
  const { currentVersionId, current, pending } = stored;
  const newer = pending?.derivedFrom === grant.versionId && pending.obtainedAt > (current?.obtainedAt ?? '');
  if (!newer) return stored;
  const moved = await tokens.moveCurrent(connectionId, 'access', currentVersionId, pending.versionId);
  return moved ? { currentVersionId: pending.versionId, current: pending } : tokens.readAccess(connectionId);
}
