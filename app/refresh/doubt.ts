import type { Clock, Grants } from '../../core/ports.ts';

/** Longer than the retries of one check: only a later check confirms a doubted rejection. */
const doubtMs = 10 * 60_000;

/** True if an earlier check got the same rejection, with no success since. */
export async function isRepeated(
  connectionId: string,
  fencingNumber: number,
  { grants, clock }: { readonly grants: Pick<Grants, 'recordDoubt'>; readonly clock: Clock },
): Promise<boolean> {
  const nowMs = clock.nowMs();
  const doubtedAtMs = await grants.recordDoubt(connectionId, fencingNumber, nowMs);
  return doubtedAtMs !== undefined && nowMs >= doubtedAtMs + doubtMs;
}
