import { decide } from '../../core/decide.ts';
import { isDisconnected } from '../../core/grant.ts';
import type { PanelSettings } from '../../core/panel.ts';
import type { Clock } from '../../core/ports.ts';
import type { HttpResponse, PanelRequest } from '../../app/pages/http.ts';
import { formOf, isForeign } from '../../app/pages/http.ts';
import type { ActionRequest, TakeActionPorts } from '../../app/panel/action-request.ts';
import type { ActionResult } from '../../app/panel/panel-action.ts';
import { actionNames } from '../../app/panel/panel-action.ts';
import {
  backTo,
  isOwner,
  noSuchConnection,
  notSignedIn,
  onTo,
  paths,
  problemPage,
} from '../../app/panel/panel-page.ts';
import { pause, resume } from '../../app/panel/pausing.ts';
import { hasCsrfToken, visitorOf } from '../../app/panel/visitor.ts';
import { refusalWords } from '../../app/labels.ts';
import { logInDirectly } from '../../app/panel/log-in-directly.ts';
import { refusedAction } from '../../app/panel/refused-action.ts';

const actionPath = /^\/panel\/connections\/([a-z0-9-]{2,32})\/([a-z]+)$/;
const longestReason = 200;

/**
 * What the panel's buttons do. Whatever needs a secret, the lease or a message is the workflow's to do: here an
 * execution is started. Each is recorded with who asked; so is what is refused, if it is known of whom.
 */
export async function takeAction(request: PanelRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const nowMs = ports.clock.nowMs();
  const panelSettings = await ports.panel.readSettings();
  const visitor = await visitorOf(request, panelSettings, ports);
  if (visitor === undefined) return notSignedIn(nowMs, request.rawPath);
  const [, connectionId, name] = actionPath.exec(request.rawPath) ?? [];
  const action = actionNames.find((each) => each === name);
  if (
    connectionId === undefined ||
    action === undefined ||
    !panelSettings.connectionIds.includes(connectionId)
  ) {
    return noSuchConnection(nowMs, visitor);
  }
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return noSuchConnection(nowMs, visitor);

  const form = formOf(request);
  const actionRequest = { action, settings, grant, visitor, form };
  const refusal = refusalOf(request, panelSettings, actionRequest, ports);
  if (refusal !== undefined) {
    await ports.events.record(connectionId, 'refused', {
      what: action,
      by: visitor.email,
      why: refusal.title,
    });
    return problemPage({ ...refusal, next: backTo(connectionId), nowMs, visitor });
  }
  return perform(actionRequest, ports);
}

interface Refused {
  readonly statusCode: number;
  readonly title: string;
  readonly why: string;
}

function refusalOf(
  request: PanelRequest,
  { publicUrl }: PanelSettings,
  { action, settings, visitor, form }: ActionRequest,
  { random }: TakeActionPorts,
): Refused | undefined {
  if (isForeign(request, publicUrl) || !hasCsrfToken(visitor, form, random)) {
    const why =
      'It was sent by a page of another site, or by one of an earlier session. Nothing was changed.';
    return { statusCode: 403, title: 'That was not taken', why };
  }
  if (action === 'continue') {
    if (isOwner(visitor, settings.owner.email)) return undefined;
    const why = `Only the owner of this connection can log in here. Re-authorize sends them a link. Nothing was changed.`;
    return { statusCode: 403, title: 'You are not its owner', why };
  }
  if (visitor.role !== 'operator') {
    const why =
      'You are signed in as a viewer. Nothing was changed. Whoever runs Grantkeeper can change your role in the configuration.';
    return { statusCode: 403, title: 'Only operators may do that', why };
  }
  if (action === 'disconnect' && form.get('sure') !== 'yes') {
    const why = 'It can’t be undone, so it wants a mark in the box. Nothing was changed.';
    return { statusCode: 400, title: 'That was not confirmed', why };
  }
  if (action === 'pause' && reasonOf(form) === '') {
    const why = 'Whoever finds it paused will want to know why. Nothing was changed.';
    return { statusCode: 400, title: 'A reason is missing', why };
  }
  return undefined;
}

function reasonOf(form: URLSearchParams): string {
  // A line of text: what would turn or break the lines around it is a space.
  const line = (form.get('reason') ?? '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const isSeen = /[^\p{Cf}\p{Mn}\s]/u.test(line);
  return isSeen ? line.slice(0, longestReason).toWellFormed() : '';
}

async function perform(actionRequest: ActionRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const { action, settings, visitor, form } = actionRequest;
  const { connectionId } = settings;
  const by = visitor.email;
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
      // What the execution would decide is decided here first: whoever presses hears why nothing comes of it.
      const nowMs = ports.clock.nowMs();
      const done = action === 'refresh' ? [] : ['refresh' as const];
      const decision = decide(settings, actionRequest.grant, nowMs, { force: action, done });
      return decision.decision === action
        ? ask(actionRequest, action, ports)
        : refusedAction(actionRequest, refusalWords(decision, settings.owner.timeZone), ports);
    }
    case 'disconnect':
      return isDisconnected(actionRequest.grant)
        ? refusedAction(actionRequest, 'it is disconnected already', ports)
        : ask(actionRequest, action, ports);
    case 'test':
      return ask(actionRequest, action, ports);
  }
}

/** Of two who press at once one resumes it; and whoever pauses it meanwhile and resumes it again starts another check. */
async function resumeAndCheck(actionRequest: ActionRequest, ports: TakeActionPorts): Promise<HttpResponse> {
  const { settings, visitor, form } = actionRequest;
  const { connectionId } = settings;
  const by = visitor.email;
  const reason = reasonOf(form);
  const why = await resume(settings, { by, ...(reason !== '' && { reason }) }, ports);
  if (why !== undefined) return refusedAction(actionRequest, why, ports);
  const name = `${connectionId}-panel-resume-${ports.clock.nowMs()}`;
  await ports.workflow.startExecution({ connectionId, trigger: 'panel', by }, name);
  return done(connectionId, 'resume');
}

/** Starts an execution, which writes down who asked. */
async function ask(
  actionRequest: ActionRequest,
  force: 'reauthorize' | 'refresh' | 'test' | 'disconnect',
  { workflow, events, clock }: TakeActionPorts,
): Promise<HttpResponse> {
  const { connectionId } = actionRequest.settings;
  const by = actionRequest.visitor.email;
  const asked = { connectionId, trigger: 'panel', force, by } as const;
  const executionId = await workflow.startExecution(asked, minuteName(actionRequest, clock));
  if (executionId === undefined) {
    const why = 'it was asked for in this very minute already';
    await events.record(connectionId, 'refused', { what: force, by, why });
    return done(connectionId, 'under-way');
  }
  return done(connectionId, force);
}

/** Two operators who press at once start one execution; whoever presses in the next minute starts another one. */
function minuteName({ action, settings }: ActionRequest, clock: Clock): string {
  return `${settings.connectionId}-panel-${action}-${Math.floor(clock.nowMs() / 60_000)}`;
}

function done(connectionId: string, what: ActionResult): HttpResponse {
  return onTo(`${paths.connection(connectionId)}?done=${what}`);
}
