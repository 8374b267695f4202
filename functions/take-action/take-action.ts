import { decide, untilOf } from '../../core/decide.ts';
import { isDisconnected } from '../../core/grant.ts';
import type { PanelSettings } from '../../core/panel.ts';
import type { Clock } from '../../core/ports.ts';
import type { ActionRefusal } from '../../core/action-refusal.ts';
import type { HttpResponse, PanelRequest } from '../../app/pages/http.ts';
import { formOf, isForeign } from '../../app/pages/http.ts';
import type { ActionRequest, TakeActionPorts } from '../../app/panel/action-request.ts';
import type { ActionResult } from '../../app/panel/panel-action.ts';
import { actionNames } from '../../app/panel/panel-action.ts';
import { isOwner, noSuchConnection, notSignedIn, redirect, paths } from '../../app/panel/panel-page.ts';
import { pause, resume } from '../../app/panel/pausing.ts';
import { hasCsrfToken, signedInUserOf } from '../../app/panel/signed-in-user.ts';
import { logInDirectly } from '../../app/panel/log-in-directly.ts';
import { refusedAction } from '../../app/panel/refused-action.ts';

const actionPath = /^\/panel\/connections\/([a-z0-9-]{2,32})\/([a-z]+)$/;
const longestReason = 200;

/**
 * Handles the panel's buttons. Only the workflow has secrets, leases and channels, so most actions start an execution.
 * Records requests and refusals with the person who asked.
 */
export async function takeAction(request: PanelRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const nowMs = ports.clock.nowMs();
  const panelSettings = await ports.panel.readSettings();
  const user = await signedInUserOf(request, panelSettings, ports);
  if (user === undefined) return notSignedIn(nowMs, request.rawPath);
  const [, connectionId, name] = actionPath.exec(request.rawPath) ?? [];
  const action = actionNames.find((each) => each === name);
  if (
    connectionId === undefined ||
    action === undefined ||
    !panelSettings.connectionIds.includes(connectionId)
  ) {
    return noSuchConnection(nowMs, user);
  }
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return noSuchConnection(nowMs, user);

  const form = formOf(request);
  const actionRequest = { action, settings, grant, user, form };
  const refusal = refusalOf(request, panelSettings, actionRequest, ports);
  return refusal === undefined ? perform(actionRequest, ports) : refusedAction(actionRequest, refusal, ports);
}

function refusalOf(
  request: PanelRequest,
  { publicUrl }: PanelSettings,
  { action, settings, user, form }: ActionRequest,
  { random }: TakeActionPorts,
): ActionRefusal | undefined {
  if (isForeign(request, publicUrl) || !hasCsrfToken(user, form, random)) {
    return 'cross-site';
  }
  if (action === 'continue') return isOwner(user, settings.owner.email) ? undefined : 'not-owner';
  if (user.role !== 'operator') return 'operators-only';
  if (action === 'disconnect' && form.get('sure') !== 'yes') return 'not-confirmed';
  if (action === 'pause' && reasonOf(form) === '') return 'reason-missing';
  return undefined;
}

function reasonOf(form: URLSearchParams): string {
  // One line of text: control characters that would break or turn the lines around it become spaces.
  const line = (form.get('reason') ?? '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const isSeen = /[^\p{Cf}\p{Mn}\s]/u.test(line);
  return isSeen ? line.slice(0, longestReason).toWellFormed() : '';
}

async function perform(actionRequest: ActionRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const { action, settings, user, form } = actionRequest;
  const { connectionId } = settings;
  const by = user.email;
  switch (action) {
    case 'continue':
      return logInDirectly(actionRequest, ports);
    case 'pause': {
      const why = await pause(settings, { by, reason: reasonOf(form) }, ports);
      return why === undefined ? done(connectionId, action) : refusedAction(actionRequest, why, ports);
    }
    case 'resume':
      return resumeAndCheck(actionRequest, ports);
    case 'reauthorize':
    case 'refresh': {
      // Decide here what the execution would decide, so that the operator learns at once why nothing comes of it.
      const nowMs = ports.clock.nowMs();
      const done = action === 'refresh' ? [] : ['refresh' as const];
      const decision = decide(settings, actionRequest.grant, nowMs, { force: action, done });
      return decision.decision === action
        ? startAction(actionRequest, action, ports)
        : refusedAction(actionRequest, decision.reason, ports, untilOf(decision));
    }
    case 'disconnect':
      return isDisconnected(actionRequest.grant)
        ? refusedAction(actionRequest, 'already-disconnected', ports)
        : startAction(actionRequest, action, ports);
    case 'test':
      return startAction(actionRequest, action, ports);
  }
}

/** If two operators press at once, one of them resumes it. The time in the name lets a later resume start another check. */
async function resumeAndCheck(actionRequest: ActionRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const { settings, user, form } = actionRequest;
  const { connectionId } = settings;
  const by = user.email;
  const reason = reasonOf(form);
  const why = await resume(settings, { by, ...(reason !== '' && { reason }) }, ports);
  if (why !== undefined) return refusedAction(actionRequest, why, ports);
  const name = `${connectionId}-panel-resume-${ports.clock.nowMs()}`;
  await ports.workflow.startExecution({ connectionId, trigger: 'panel', by }, name);
  return done(connectionId, 'resume');
}

/** Starts an execution, which records who asked. */
async function startAction(
  actionRequest: ActionRequest,
  force: 'reauthorize' | 'refresh' | 'test' | 'disconnect',
  { workflow, events, clock }: TakeActionPorts,
): Promise<HttpResponse> {
  const { connectionId } = actionRequest.settings;
  const by = actionRequest.user.email;
  const asked = { connectionId, trigger: 'panel', force, by } as const;
  const executionId = await workflow.startExecution(asked, minuteName(actionRequest, clock));
  if (executionId === undefined) {
    await events.record(connectionId, 'refused', { what: force, by, why: 'already-asked' });
    return done(connectionId, 'already-asked');
  }
  return done(connectionId, force);
}

/** Presses within one minute start one execution. */
function minuteName({ action, settings }: ActionRequest, clock: Clock): string {
  return `${settings.connectionId}-panel-${action}-${Math.floor(clock.nowMs() / 60_000)}`;
}

function done(connectionId: string, what: ActionResult): HttpResponse {
  return redirect(`${paths.connection(connectionId)}?done=${what}`);
}
