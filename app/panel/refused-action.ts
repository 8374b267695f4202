import type { ActionRefusal } from '../../core/action-refusal.ts';
import type { HttpResponse } from '../pages/http.ts';
import { refusalText, refusalTitle } from '../labels.ts';
import type { TakeActionPorts, ActionRequest } from './action-request.ts';
import { backTo, problemPage } from './panel-page.ts';

const statusCodes: { readonly [Code in ActionRefusal]?: number } = {
  'cross-site': 403,
  'not-owner': 403,
  'operators-only': 403,
  'not-confirmed': 400,
  'reason-missing': 400,
};

/** Records a refused action and answers its page. @param until from when it is granted, ISO 8601 */
export async function refusedAction(
  { action, settings, user }: ActionRequest,
  refusal: ActionRefusal,
  { events, clock }: TakeActionPorts,
  until?: string,
): Promise<HttpResponse> {
  const { connectionId } = settings;
  await events.record(connectionId, 'refused', {
    what: action,
    by: user.email,
    why: refusal,
    ...(until !== undefined && { until }),
  });
  return problemPage({
    statusCode: statusCodes[refusal] ?? 409,
    title: refusalTitle(refusal),
    why: `${refusalText(refusal, settings, until)} Nothing was changed.`,
    next: backTo(connectionId),
    nowMs: clock.nowMs(),
    user,
  });
}
