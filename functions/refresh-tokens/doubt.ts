import type { Clock, Grants } from '../../core/ports.ts';

/** Longer than any retries of one check take: a rejection that is doubted has to come again at a later one. */
const doubtMs = 10 * 60_000;

/** Whether the provider said the same at an earlier check, with no success since. */
export async function isRepeated(
  connectionId: string,
  fencingNumber: number,
  { grants, clock }: { readonly grants: Pick<Grants, 'recordDoubt'>; readonly clock: Clock },
): Promise<boolean> {
  const nowMs = clock.nowMs();
  const doubtedAtMs = await grants.recordDoubt(connectionId, fencingNumber, nowMs);
  return doubtedAtMs !== undefined && nowMs >= doubtedAtMs + doubtMs;
}
