import { isAlive, isPaused } from '../../core/decide.ts';
import { isDisconnected, isEndedByOperator } from '../../core/grant.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { KeptConnection } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpResponse } from '../pages/http.ts';
import { csrfField, isOwner, panelPage, paths } from './panel-page.ts';
import type { Visitor } from './visitor.ts';

type Shown = KeptConnection & { readonly settings: Settings };

/** What this visitor may do with it now; nothing but to look, for a viewer who is not its owner. */
export function actions(connection: Shown, visitor: Visitor, nowMs: number): Html {
  const { connectionId, settings, grant } = connection;
  const { displayName } = settings.provider;
  const owns = isOwner(visitor, settings.owner.email);
  const press = (action: string, label: string, look = 'quiet') =>
    html`<form method="post" action="${paths.action(connectionId, action)}" id="ask-${action}">
      ${csrfField(visitor)}<button class="${look}">${label}</button>
    </form>`;
  /** With a line for the timeline. */
  const pressWithReason = (action: 'pause' | 'resume', label: string, look: string, need: Html) =>
    html`<form method="post" action="${paths.action(connectionId, action)}" id="ask-${action}" class="reason">
      ${csrfField(visitor)}
      <label>Why ${action} <input name="reason" id="why-${action}" maxlength="200"${need} /></label>
      <button class="${look}">${label}</button>
    </form>`;
  const mayLogIn = owns && (!isEndedByOperator(grant, nowMs) || visitor.role === 'operator');
  const here = mayLogIn ? press('continue', `Log in to ${displayName} here`, 'go') : '';
  if (visitor.role !== 'operator') {
    return html`${isPaused(settings, grant) ? '' : here}
      <p class="dim">
        ${owns && isEndedByOperator(grant, nowMs) ? 'Ask an operator for a login. ' : ''}You may look; all else is for operators.
      </p>`;
  }
  const pausing = grant.paused
    ? pressWithReason('resume', 'Resume', 'go', html` placeholder="if you like"`)
    : pressWithReason('pause', 'Pause', 'quiet', html` required placeholder="for the timeline"`);
  return html`${isPaused(settings, grant) ? '' : html`${here} ${press('reauthorize', 'Re-authorize', owns ? 'quiet' : 'go')}`}
    ${!isPaused(settings, grant) && isAlive(settings, grant, nowMs) ? press('refresh', 'Refresh now') : ''}
    ${press('test', 'Send test notice')} ${settings.paused ? '' : pausing}
    ${isDisconnected(grant) ? '' : html`<a class="button danger" id="ask-disconnect" href="${paths.action(connectionId, 'disconnect')}">Disconnect …</a>`}`;
}

/** What cannot be undone is asked first. */
export function disconnectPage(connection: Shown, visitor: Visitor, nowMs: number): HttpResponse {
  const { connectionId, settings } = connection;
  const { displayName, revocationEndpoint } = settings.provider;
  const body = html`<section class="card narrow">
    <h1>Disconnect ${connectionId}?</h1>
    <ul>
      <li>
        ${
          revocationEndpoint !== undefined
            ? html`The tokens are revoked at ${displayName}.`
            : settings.provider.metadata !== undefined
              ? html`The tokens are revoked at ${displayName}, if its metadata names an endpoint for that; the timeline will say whether
                  they were. If not, they stay valid there until they end.`
              : html`${displayName} offers no way to revoke tokens, so they stay valid there until they end. To end them at once, withdraw
                  the access in your account at ${displayName}.`
        }
      </li>
      <li>Both secrets are emptied: whatever uses this connection stops.</li>
      <li>Links that were sent do not work any more. Nobody is asked to log in until somebody presses Re-authorize.</li>
      <li>The history stays. The configuration stays.</li>
    </ul>
    <p><strong>This can’t be undone:</strong> to connect again, the owner has to log in.</p>
    <form method="post" action="${paths.action(connectionId, 'disconnect')}">
      ${csrfField(visitor)}
      <label class="check"><input type="checkbox" name="sure" value="yes" required /> Disconnect ${connectionId}</label>
      <button class="danger">Disconnect</button>
      <a class="button quiet" href="${paths.connection(connectionId)}">Keep it</a>
    </form>
  </section>`;
  return panelPage({ statusCode: 200, title: `Disconnect ${connectionId}`, body, nowMs, visitor });
}
