import type { Attempt, BrowserLoginRecord, BrowserLoginSettings, Report } from '../../core/browser-login.ts';
import {
  byHand,
  endsCredentials,
  errorOf,
  isUnderWay,
  occasionOf,
  wasTried,
  stepsText,
} from '../../core/browser-login.ts';
import type { BrowserLoginOutcome, SkipReason } from '../../core/browser-outcome.ts';
import { browserAuthorizationId } from '../../core/browser-outcome.ts';
import { browserOutcomeLabels } from '../../app/labels.ts';
import type { Decision } from '../../core/decide.ts';
import { decide } from '../../core/decide.ts';
import { GrantkeeperError, LeaseHeldError } from '../../core/errors.ts';
import { claimMs, isLoginUnderWay } from '../../core/grant.ts';
import { browserLoginStep } from '../../core/incident.ts';
import { linkPath } from '../../core/link.ts';
import type {
  Authorizations,
  BrowserLogins,
  Clock,
  Events,
  Grants,
  Messages,
  Metrics,
  Random,
  Screenshots,
  SendBrowser,
} from '../../core/ports.ts';
import type { StoredConnection } from '../../core/grant.ts';
import type { Settings } from '../../core/settings.ts';
import { superseded } from '../../app/login/direct-login.ts';
import type { FinishStepPorts } from '../../app/checks/finish-step.ts';
import { finishStepWith } from '../../app/checks/finish-step.ts';
import type { StepOutput } from '../../app/checks/step.ts';
import { eventsOf, recordIfPossible } from '../../app/checks/step-events.ts';
import type { RequestBrowserLoginInput } from './contract.ts';

export interface RequestBrowserLoginPorts extends FinishStepPorts {
  readonly grants: Pick<Grants, 'read' | 'openAuthorization'>;
  readonly authorizations: Pick<Authorizations, 'read' | 'addLink' | 'setStatus'>;
  readonly browserLogins: BrowserLogins;
  readonly sendBrowser: SendBrowser;
  readonly screenshots: Screenshots;
  readonly notifyOperators: Messages['notifyOperators'];
  readonly events: Events;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a browser may be sent for. */
type Asked = Extract<Decision, { decision: 'notify' | 'reauthorize' }>;

/**
 * Sends a browser before the owner is bothered: with an authorization of its own, once for each reminder. Whatever comes
 * of it, the workflow goes on as if it had not been there.
 * @returns `logged-in`, or `skipped` where none was sent
 * @throws {LoginRefusedError} no other is sent before the credentials have changed
 * @throws {LoginPageError} the pages are not those of the recipe
 * @throws {BrowserUnavailableError} the browser itself failed
 * @throws {ConfigurationError} its credentials are missing or malformed
 * @throws {LeaseHeldError} an earlier try of this state has sent one, and it may be under way
 * @throws {StoreUnavailableError} a retry ends what was begun, and sends no second one
 */
export async function requestBrowserLogin(
  input: RequestBrowserLoginInput,
  ports: RequestBrowserLoginPorts,
): Promise<StepOutput> {
  const { request, done, executionId, entry } = input;
  const { connectionId, force, authorizationId: clicked } = request;
  const [before, own, record] = await Promise.all([
    ports.grants.read(connectionId),
    ports.browserLogins.readSettings(connectionId),
    ports.browserLogins.read(connectionId),
  ]);
  const { settings, grant } = before;
  if (settings === undefined || own === undefined) {
    return finishStepWith('skipped', undefined, input, before, ports);
  }
  const nowMs = ports.clock.nowMs();
  const authorizationId = browserAuthorizationId(ports.random.hash(`${executionId}#${entry}`));
  const { attempt: last } = record;
  // A repeat, whose answer was lost, or that died.
  if (last?.authorizationId === authorizationId) return repeat(last, own, input, ports);
  // Since the check somebody else may have asked, or the owner may have logged in.
  const decision = decide(settings, grant, nowMs, {
    force,
    authorizationId: clicked,
    done: [...done, 'refresh'],
  });
  const occasion = occasionOf(settings, grant, decision, nowMs);
  if (occasion === undefined) return finishStepWith('skipped', undefined, input, before, ports);
  if (isUnderWay(record, nowMs)) return skip('under-way', input, ports);
  if (wasTried(occasion, record, nowMs)) return skip('tried-before', input, ports);
  if (isLoginUnderWay(grant.authorization, nowMs)) return skip('owner-logs-in', input, ports);

  const attempt = { occasion, authorizationId, atMs: nowMs, previous: grant.authorization };
  const path = await open(attempt, decision as Asked, before, record, input, ports);
  if (path === undefined) return skip('asked-at-same-time', input, ports);
  const report = await send(own, occasion, record, settings, path, ports);
  return finish(report, attempt, own, input, ports);
}

/** What an earlier try of this very state began is ended, and no second password is sent. */
async function repeat(
  attempt: Attempt,
  own: BrowserLoginSettings,
  input: RequestBrowserLoginInput,
  ports: RequestBrowserLoginPorts,
): Promise<StepOutput> {
  const { connectionId } = input.request;
  const authorization = await ports.authorizations.read(connectionId, attempt.authorizationId);
  const isOut = isUnderWay({ attempt }, ports.clock.nowMs()) && authorization?.status !== 'completed';
  // It died, and the browser that it has sent has not: what comes of that one is waited for.
  if (isOut) throw new LeaseHeldError(`The browser of ${connectionId} is still under way.`);
  return finish(interrupted, attempt, own, input, ports);
}

/** Of which nothing was heard: neither whether it typed the password, nor whether that was right. */
const interrupted: Report = {
  outcome: 'browser-failed',
  detail: 'The function that sends it was interrupted.',
  steps: [],
};

/**
 * Opens an authorization for the browser alone. The links that the owner has go on working as soon as it has come to
 * nothing.
 * @returns the path of its link; undefined where somebody else was faster
 */
async function open(
  attempt: Attempt,
  decision: Asked,
  { grant }: StoredConnection,
  { attempt: last }: BrowserLoginRecord,
  { request: { connectionId }, executionId }: RequestBrowserLoginInput,
  { browserLogins, authorizations, grants, random }: RequestBrowserLoginPorts,
): Promise<string | undefined> {
  const { authorizationId, atMs } = attempt;
  if (!(await browserLogins.claim(connectionId, attempt, last?.authorizationId))) return undefined;
  const secret = random.secret();
  const opened = {
    authorizationId,
    reason: decision.decision === 'notify' ? ('reminder' as const) : decision.reason,
    expiresAtMs: atMs + claimMs,
  };
  const linkHash = random.hash(secret);
  await authorizations.addLink({ ...opened, connectionId, linkHash, executionId }, atMs);
  // While the browser logs in, no other execution sends this reminder.
  const reminder = decision.decision === 'notify' ? decision.reminder : undefined;
  const claim = reminder === undefined ? undefined : { notice: reminder, by: executionId, atMs };
  const authorization = { ...opened, openedAtMs: atMs, supersedes: superseded(grant) };
  if (await grants.openAuthorization(connectionId, grant, authorization, claim)) {
    return linkPath({ connectionId, authorizationId, random: secret });
  }
  const detail = 'None was sent.';
  await browserLogins.recordEnd(connectionId, attempt, { outcome: 'browser-failed', detail }, {});
  await authorizations.setStatus(connectionId, authorizationId, 'superseded');
  return undefined;
}

/** Does not throw: whether a browser was sent is not always known, so that none may be sent again. */
async function send(
  { functionName, recipe }: BrowserLoginSettings,
  occasion: string,
  { refusedVersionId, unheardAtMs }: BrowserLoginRecord,
  { connectionId, publicUrl, redirectUri: callbackUrl }: Settings,
  path: string,
  { sendBrowser, metrics }: RequestBrowserLoginPorts,
): Promise<Report> {
  const beganMs = performance.now();
  const link = publicUrl + path;
  // An operator who asks by hand has looked what became of the last one.
  const unheard = occasion === byHand ? undefined : unheardAtMs;
  const browserLoginRequest = {
    connectionId,
    link,
    callbackUrl,
    recipe,
    refusedVersionId,
    unheardAtMs: unheard,
  };
  const report = await sendBrowser(functionName, browserLoginRequest).catch((error: unknown): Report => {
    const detail = error instanceof GrantkeeperError ? error.message : 'It could not be sent.';
    return { outcome: 'browser-failed', detail, steps: [] };
  });
  metrics.put('BrowserLoginSeconds', (performance.now() - beganMs) / 1000);
  for (const { ms } of report.steps) metrics.put('BrowserLoginStepSeconds', ms / 1000);
  return report;
}

/** The record says whether somebody is logged in; the report only why nobody is. */
async function finish(
  report: Report,
  attempt: Attempt,
  own: BrowserLoginSettings,
  input: RequestBrowserLoginInput,
  ports: RequestBrowserLoginPorts,
): Promise<StepOutput> {
  const { connectionId } = input.request;
  const { authorizationId, atMs } = attempt;
  const { browserLogins, authorizations, grants, metrics } = ports;
  const events = eventsOf(input, ports.events);
  const steps = stepsText(report);
  const facts = { authorizationId, ...(steps !== '' && { steps }) };
  const authorization = await authorizations.read(connectionId, authorizationId);
  const { outcome, detail, credentials } = report;
  if (authorization?.status === 'completed') {
    await browserLogins.recordEnd(connectionId, attempt, { outcome: 'logged-in', detail }, {});
    metrics.put('BrowserLoginsSucceeded', 1);
    await recordIfPossible(events, connectionId, 'browser-logged-in', facts);
    await remind(report, own, connectionId, ports);
    // What was asked for is done, and is not asked for again; nor is it done by what was done already.
    const answered = { ...input, request: { connectionId, trigger: input.request.trigger } };
    const outcomeNow = attempt.ended === undefined ? 'logged-in' : 'skipped';
    return finishStepWith(outcomeNow, browserLoginStep, answered, await grants.read(connectionId), ports);
  }
  // Before all else, and in one write: whatever dies after it, no second password is sent.
  const ended = attempt.ended ?? { outcome, detail };
  if (attempt.ended === undefined) {
    await browserLogins.recordEnd(connectionId, attempt, ended, {
      ...(endsCredentials(outcome) && { refusedVersionId: credentials?.versionId }),
      ...(report.credentials === undefined && outcome === 'browser-failed' && { unheardAtMs: atMs }),
    });
    // That it was ended by nobody here: somebody has logged in.
    if (authorization?.status === 'superseded') return skip('logged-in-already', input, ports);
  }
  await browserLogins.putBack(connectionId, attempt);
  await authorizations.setStatus(connectionId, authorizationId, 'superseded');
  if (isSkip(ended.outcome)) return skip(ended.outcome, input, ports);

  const screenshot = await keep(report, attempt, connectionId, ports);
  metrics.count('BrowserLoginsFailed', 'reason', ended.outcome);
  await recordIfPossible(events, connectionId, 'browser-failed', {
    ...facts,
    why: ended.outcome,
    detail: ended.detail,
    ...(screenshot !== undefined && { screenshot }),
  });
  await remind(report, own, connectionId, ports);
  const where = screenshot === undefined ? '' : ` How the page looked: ${screenshot}`;
  const message = `The browser login failed: ${browserOutcomeLabels[ended.outcome]}. ${ended.detail}${where}`;
  throw errorOf(ended.outcome, message);
}

/** None was started. */
function isSkip(outcome: BrowserLoginOutcome): outcome is BrowserLoginOutcome & SkipReason {
  return outcome === 'refused-before' || outcome === 'unheard-before';
}

async function skip(
  why: SkipReason,
  input: RequestBrowserLoginInput,
  ports: RequestBrowserLoginPorts,
): Promise<StepOutput> {
  const { connectionId } = input.request;
  await recordIfPossible(eventsOf(input, ports.events), connectionId, 'browser-skipped', {
    why,
  });
  return finishStepWith('skipped', undefined, input, await ports.grants.read(connectionId), ports);
}

/** Undefined where there is none, or it cannot be kept: that must not keep anybody from hearing. */
async function keep(
  { screenshot }: Report,
  { authorizationId, atMs }: Attempt,
  connectionId: string,
  { screenshots }: RequestBrowserLoginPorts,
): Promise<string | undefined> {
  if (screenshot === undefined) return undefined;
  const key = `screenshots/${connectionId}/${new Date(atMs).toISOString()}-${authorizationId}.jpg`;
  return screenshots.keep(key, screenshot).catch(() => undefined);
}

const dayMs = 24 * 3600 * 1000;

/** Reminds operators of old credentials, once. A failure here must not hide the result of the login. */
async function remind(
  { credentials }: Report,
  { credentialsMaxAgeDays: maxDays }: BrowserLoginSettings,
  connectionId: string,
  { browserLogins, notifyOperators, clock }: RequestBrowserLoginPorts,
): Promise<void> {
  if (credentials === undefined) return;
  const days = Math.floor((clock.nowMs() - Date.parse(credentials.createdAt)) / dayMs);
  if (days < maxDays) return;
  try {
    const { remindedVersionId } = await browserLogins.read(connectionId);
    if (remindedVersionId === credentials.versionId) return;
    await notifyOperators({
      subject: `Grantkeeper: ${connectionId}: the browser's password is old`,
      text: `The credentials with which a browser logs in for ${connectionId} were put there ${days} days ago. Change them after ${maxDays} days.\n\nChange the password at the provider, then run: grantkeeper browser-login rotate ${connectionId}\n\nThis message is sent once.`,
    });
    await browserLogins.recordReminder(connectionId, credentials.versionId);
  } catch {
    // The next attempt reminds.
  }
}
