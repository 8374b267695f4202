import type { HttpResponse } from '../http.ts';
import { backTo, problemPage } from '../panel-page.ts';
import { reasonWords } from '../words.ts';
import type { TakeActionPorts, Wish } from './take-action.ts';

/** What was asked for has nothing to do now, and that is written down. @param reason of the decision, or in words */
export async function notNow(
  { action, settings: { connectionId }, visitor }: Wish,
  reason: string,
  { events, clock }: TakeActionPorts,
): Promise<HttpResponse> {
  const why = reasonWords(reason);
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
