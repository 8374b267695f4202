import { finishStep, type FinishStepPorts } from '../../app/checks/finish-step.ts';
import type { StepInput, StepOutput } from '../../app/checks/step.ts';
import type { RefreshUnderLeasePorts } from '../../app/refresh/refresh-under-lease.ts';
import { refreshUnderLease } from '../../app/refresh/refresh-under-lease.ts';

export interface RefreshTokensPorts extends RefreshUnderLeasePorts, Pick<FinishStepPorts, 'incidents'> {}

/**
 * Spends the stored refresh token once and stores the answer (`app/refresh/refresh-grant.ts`). Completes an interrupted login
 * instead, if there is one. The same execution may then still refresh.
 * @returns the outcome and the next decision; no credential
 * @throws {LeaseHeldError} another execution spends it now; retry after the lease expires
 * @throws {TokenEndpointUnavailableError} nothing was lost; retry
 * @throws {ClientRejectedError} the provider refused the client's credentials; an operator must act
 * @throws {StoreQuotaExceededError} the secrets have no room for new versions; nothing was spent
 * @throws {ProviderContractError} the provider's data does not allow the answer
 * @see RFC 6749 §6, RFC 9700 §4.14
 */
export async function refreshTokens(input: StepInput, ports: RefreshTokensPorts): Promise<StepOutput> {
  const outcome = await refreshUnderLease(input, ports);
  const isLogin = outcome === 'login-recovered' || outcome === 'login-lost';
  return finishStep(outcome, isLogin ? undefined : 'refresh', input, ports);
}
