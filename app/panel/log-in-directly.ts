import { isEndedByOperator } from '../../core/grant.ts';
import type { HttpResponse } from '../pages/http.ts';
import { directLogin } from '../login/direct-login.ts';
import { redirect } from './panel-page.ts';
import { refusedAction } from './refused-action.ts';
import type { TakeActionPorts, ActionRequest } from './action-request.ts';

/** Leads a signed-in owner to the page behind a login link, without a mail. */
export async function logInDirectly(
  actionRequest: ActionRequest,
  ports: TakeActionPorts,
): Promise<HttpResponse> {
  const { settings, user } = actionRequest;
  const { connectionId } = settings;
  const { grant } = await ports.grants.read(connectionId);
  // Only an operator can restore a disconnected connection. Afterwards a link is open.
  if (isEndedByOperator(grant, ports.clock.nowMs()) && user.role !== 'operator') {
    return refusedAction(actionRequest, 'login-needs-operator', ports);
  }
  const link = await directLogin({ settings, grant }, ports);
  if ('why' in link) return refusedAction(actionRequest, link.why, ports);
  await ports.events.record(connectionId, 'requested', { what: 'continue', by: user.email });
  return redirect(link.path);
}
