import { isEndedByOperator } from '../../core/grant.ts';
import type { HttpResponse } from '../http.ts';
import { linkHere } from '../link-here.ts';
import { onTo } from '../panel-page.ts';
import { notNow } from './not-now.ts';
import type { TakeActionPorts, Wish } from './take-action.ts';

/** Leads an owner who is signed in to the page behind a link, without a mail. From there on it is the ceremony as ever. */
export async function continueHere(wish: Wish, ports: TakeActionPorts): Promise<HttpResponse> {
  const { settings, visitor } = wish;
  const { connectionId } = settings;
  const { grant } = await ports.grants.read(connectionId);
  // An operator has ended it, and an operator begins it anew: then a link is open.
  if (isEndedByOperator(grant, ports.clock.nowMs()) && visitor.role !== 'operator') {
    return notNow(wish, 'it is disconnected, and an operator has to ask for the login', ports);
  }
  const link = await linkHere({ settings, grant }, ports);
  if ('why' in link) return notNow(wish, link.why, ports);
  await ports.events.record(connectionId, 'requested', { what: 'continue', by: visitor.email });
  return onTo(link.path);
}
