import type { HttpResponse } from '../http.ts';
import { backTo, problemPage } from '../panel-page.ts';
import { reasonWords } from '../reason-words.ts';
import type { Visitor } from '../visitor.ts';

/** What was asked for has nothing to do now. @param reason of the decision */
export function notNow(connectionId: string, reason: string, nowMs: number, visitor: Visitor): HttpResponse {
  return problemPage({
    statusCode: 409,
    title: 'Not now',
    why: `That can’t be asked of this connection at the moment: ${reasonWords(reason)}. Nothing was changed.`,
    next: backTo(connectionId),
    nowMs,
    visitor,
  });
}
