import { isEndedByOperator } from '../../core/grant.ts';
import type { HttpResponse } from '../pages/http.ts';
import { directLogin } from '../login/direct-login.ts';
import { onTo } from './panel-page.ts';
import { refusedAction } from './refused-action.ts';
import type { TakeActionPorts, ActionRequest } from './action-request.ts';

/** Leads an owner who is signed in to the page behind a link, without a mail. From there on it is the ceremony as ever. */
export async function logInDirectly(
  actionRequest: ActionRequest,
  ports: TakeActionPorts,
): Promise<HttpResponse> {
  const { settings, visitor } = actionRequest;
  const { connectionId } = settings;
  const { grant } = await ports.grants.read(connectionId);
  // An operator has ended it, and an operator begins it anew: then a link is open.
  if (isEndedByOperator(grant, ports.clock.nowMs()) && visitor.role !== 'operator') {
    return refusedAction(
      actionRequest,
      'it is disconnected, and an operator has to ask for the login',
      ports,
    );
  }
  const link = await directLogin({ settings, grant }, ports);
  if ('why' in link) return refusedAction(actionRequest, link.why, ports);
  await ports.events.record(connectionId, 'requested', { what: 'continue', by: visitor.email });
  return onTo(link.path);
}
