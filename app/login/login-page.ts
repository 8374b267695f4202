import type { Authorization } from '../../core/authorization.ts';
import type { HttpResponse } from '../pages/http.ts';

/** The page at the end of a login, and the metric that counts it. */
export interface LoginPage {
  readonly page: HttpResponse;
  readonly metric?: 'CallbacksCompleted' | 'CallbacksFailed' | 'CallbacksRefused';
  readonly outcome?: string;
}

export const completed = (outcome: string, page: HttpResponse) =>
  ({ metric: 'CallbacksCompleted', outcome, page }) as const;

/** A login that failed, without a sign of an attack. */
export const failed = (outcome: string, page: HttpResponse) =>
  ({ metric: 'CallbacksFailed', outcome, page }) as const;

/** A login that was refused, because the request may be an attack. */
export const refused = (outcome: string, page: HttpResponse) =>
  ({ metric: 'CallbacksRefused', outcome, page }) as const;

/** Names the login in its events. */
export function loginDetails({ authorizationId, executionId }: Authorization): Record<string, string> {
  return { authorizationId, ...(executionId !== undefined && { executionId }) };
}
