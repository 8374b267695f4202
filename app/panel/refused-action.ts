import type { HttpResponse } from '../pages/http.ts';
import { backTo, problemPage } from './panel-page.ts';
import { reasonLabel } from '../labels.ts';
import type { TakeActionPorts, ActionRequest } from './action-request.ts';

/** What was asked for has nothing to do now, and that is written down. @param reason of the decision, or in words */
export async function refusedAction(
  { action, settings: { connectionId }, visitor }: ActionRequest,
  reason: string,
  { events, clock }: TakeActionPorts,
): Promise<HttpResponse> {
  const why = reasonLabel(reason);
  await events.record(connectionId, 'refused', { what: action, by: visitor.email, why });
  return problemPage({
    statusCode: 409,
    title: 'Not now',
    why: `That can’t be asked of this connection at the moment: ${why}. Nothing was changed.`,
    next: backTo(connectionId),
    nowMs: clock.nowMs(),
    visitor,
  });
}
