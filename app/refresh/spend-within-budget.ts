import { StoreQuotaExceededError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { Clock, Grants } from '../../core/ports.ts';
import type { TokenAnswer } from '../../core/token-answer.ts';
import type { Settings } from '../../core/settings.ts';
import { refreshBudget, withinDay } from '../../core/version-budget.ts';
import type { StepInput } from '../checks/step.ts';

export interface SpendWithinBudgetPorts {
  readonly grants: Pick<Grants, 'recordWrites'>;
  readonly clock: Clock;
}

/**
 * Spends the refresh token only if both secrets have room for the new versions. Notes the writes first, so that a refresh
 * that dies halfway counts, too. After a refusal it removes them.
 * @param grant the record, read under the lease
 * @returns `refresh-limited` if the stored token is still valid and too many refreshes were requested; `dropped` if somebody
 *   else has the lease by now
 * @throws {StoreQuotaExceededError} a refresh is needed and the secrets have no room; nothing was spent
 */
export async function spendWithinBudget(
  settings: Settings,
  grant: Grant,
  { request }: { readonly request: Partial<Pick<StepInput['request'], 'trigger' | 'force'>> },
  { grants, clock }: SpendWithinBudgetPorts,
  spend: () => Promise<TokenAnswer>,
): Promise<TokenAnswer | 'refresh-limited' | 'dropped'> {
  const { connectionId } = settings;
  const { fencingNumber } = grant;
  const nowMs = clock.nowMs();
  const budget = refreshBudget(settings, grant, request, nowMs);
  if (budget.kind === 'limited') return 'refresh-limited';
  if (budget.kind === 'exhausted') {
    throw new StoreQuotaExceededError(
      `${connectionId} was refreshed so often within a day that its secrets have no room before ${new Date(budget.untilMs).toISOString()}. The refresh token was not spent; nothing was lost.`,
    );
  }
  if (!(await grants.recordWrites(connectionId, fencingNumber, budget.writes))) return 'dropped';
  const answer = await spend();
  if (answer.kind === 'refused') {
    const before = withinDay(grant, nowMs);
    await grants.recordWrites(connectionId, fencingNumber, before).catch(() => undefined);
  }
  return answer;
}
