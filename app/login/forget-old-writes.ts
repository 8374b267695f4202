import type { Grants } from '../../core/ports.ts';
import type { Writes } from '../../core/version-budget.ts';
import { withinDay } from '../../core/version-budget.ts';

/**
 * Before a login notes its own write, under its lease: forgets those that no longer count. A refresh does so, too, but none
 * comes while the connection is paused.
 */
export async function forgetOldWrites(
  connectionId: string,
  fencingNumber: number,
  record: Writes,
  nowMs: number,
  grants: Pick<Grants, 'recordWrites'>,
): Promise<void> {
  const { otherWritesAtMs } = withinDay(record, nowMs);
  if (otherWritesAtMs.length < (record.otherWritesAtMs?.length ?? 0))
    await grants.recordWrites(connectionId, fencingNumber, { otherWritesAtMs });
}
