import { isAlive, isPaused } from '../../core/decide.ts';
import { isDisconnected, isEndedByOperator } from '../../core/grant.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { ConfiguredConnection } from '../../core/panel.ts';
import type { HttpResponse } from '../pages/http.ts';
import { csrfField, isOwner, panelPage, paths } from './panel-page.ts';
import type { SignedInUser } from './signed-in-user.ts';

/** The buttons that this user may press now. A viewer who is not the owner has none. */
export function actions(connection: ConfiguredConnection, user: SignedInUser, nowMs: number): Html {
  const { connectionId, settings, grant } = connection;
  const { displayName } = settings.provider;
  const owns = isOwner(user, settings.owner.email);
  const press = (action: string, label: string, look = 'quiet') =>
    html`<form method="post" action="${paths.action(connectionId, action)}" id="ask-${action}">
      ${csrfField(user)}<button class="${look}">${label}</button>
    </form>`;
  const pressWithReason = (action: 'pause' | 'resume', label: string, look: string, need: Html) =>
    html`<form method="post" action="${paths.action(connectionId, action)}" id="ask-${action}" class="reason">
      ${csrfField(user)}
      <label>Reason <input name="reason" id="why-${action}" maxlength="200"${need} /></label>
      <button class="${look}">${label}</button>
    </form>`;
  const mayLogIn = owns && (!isEndedByOperator(grant, nowMs) || user.role === 'operator');
  const here = mayLogIn ? press('continue', `Log in to ${displayName} here`, 'go') : '';
  if (user.role !== 'operator') {
    return html`${isPaused(settings, grant) ? '' : here}
      <p class="dim">
        ${owns && isEndedByOperator(grant, nowMs) ? 'Ask an operator to send you a login link. ' : ''}View only.
      </p>`;
  }
  const pausing = grant.paused
    ? pressWithReason('resume', 'Resume', 'go', html` placeholder="optional"`)
    : pressWithReason('pause', 'Pause', 'quiet', html` required placeholder="shown in the timeline"`);
  return html`${isPaused(settings, grant) ? '' : html`${here} ${press('reauthorize', 'Re-authorize', owns ? 'quiet' : 'go')}`}
    ${!isPaused(settings, grant) && isAlive(settings, grant, nowMs) ? press('refresh', 'Refresh now') : ''}
    ${press('test', 'Send test notice')} ${settings.paused ? '' : pausing}
    ${isDisconnected(grant) ? '' : html`<a class="button danger" id="ask-disconnect" href="${paths.action(connectionId, 'disconnect')}">Disconnect …</a>`}`;
}

/** Asks for confirmation, because a disconnection can't be undone. */
export function disconnectPage(
  connection: ConfiguredConnection,
  user: SignedInUser,
  nowMs: number,
): HttpResponse {
  const { connectionId, settings } = connection;
  const { displayName, revocationEndpoint } = settings.provider;
  const body = html`<section class="card narrow">
    <h1>Disconnect ${connectionId}?</h1>
    <ul>
      <li>
        ${
          revocationEndpoint !== undefined
            ? html`Grantkeeper revokes the tokens at ${displayName}.`
            : settings.provider.metadata !== undefined
              ? html`Grantkeeper revokes the tokens at ${displayName}, if its metadata names a revocation endpoint. If it does not,
                  they stay valid there until they end. The timeline will show which.`
              : html`${displayName} cannot revoke tokens, so they stay valid there until they end. To end them at once, withdraw the
                  access in your account at ${displayName}.`
        }
      </li>
      <li>Grantkeeper empties both secrets, so every program that uses this connection stops.</li>
      <li>Login links stop working. Nobody is asked to log in until an operator presses Re-authorize.</li>
      <li>The history and the configuration stay.</li>
    </ul>
    <p><strong>This can’t be undone:</strong> to connect again, the owner has to log in.</p>
    <form method="post" action="${paths.action(connectionId, 'disconnect')}">
      ${csrfField(user)}
      <label class="check"><input type="checkbox" name="sure" value="yes" required /> Disconnect ${connectionId}</label>
      <button class="danger">Disconnect</button>
      <a class="button quiet" href="${paths.connection(connectionId)}">Cancel</a>
    </form>
  </section>`;
  return panelPage({ statusCode: 200, title: `Disconnect ${connectionId}`, body, nowMs, user });
}
