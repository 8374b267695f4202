/** The texts of all codes, in one place. The compiler refuses a code without one. */
import type { BrowserLoginOutcome, SkipReason } from '../core/browser-outcome.ts';
import { isBrowsers } from '../core/browser-outcome.ts';
import type { ChannelName } from '../core/channel.ts';
import { channelsOf, channelSteps } from '../core/channel.ts';
import type { Decision, DecisionReason } from '../core/decide.ts';
import type { EventType, TimelineEvent } from '../core/event.ts';
import type { LoginReason, Revocation } from '../core/grant.ts';
import type { Health } from '../core/health.ts';
import { formatInstant } from '../core/notice-text.ts';
import type { ActionRefusal } from '../core/action-refusal.ts';
import type { Settings } from '../core/settings.ts';
import type { ActionName, ActionResult } from './panel/panel-action.ts';
import type { RevokedLogin } from './login/revoke-login.ts';

export const healthLabels = {
  expired: 'Expired',
  failing: 'Failing',
  'ends-soon': 'Ends soon',
  'waiting-for-login': 'Waiting for login',
  paused: 'Paused',
  'set-up': 'Set-up',
  disconnected: 'Disconnected',
  healthy: 'Healthy',
} as const satisfies Record<Health, string>;

/** The channels as a sentence names them. */
const channelLabels: Readonly<Record<ChannelName, string>> = {
  ...channelSteps,
  email: 'email',
  sms: 'text message',
};

/** The reason follows, after a colon. */
const decisionLabels = {
  none: 'Nothing to do',
  refresh: 'Refresh due',
  notify: 'Notice due',
  reauthorize: 'Login needed',
  disconnect: 'Disconnection due',
} as const satisfies Record<Decision['decision'], string>;

/** Clauses: they follow a colon or another word. */
const reasonLabels = {
  healthy: 'everything works',
  'waiting-for-owner': 'the owner has a link and has not logged in yet',
  'owner-logging-in': 'the owner is logging in',
  'link-closed': 'the link no longer works',
  'refresh-limited': 'too many refreshes were requested',
  paused: 'it is paused',
  'in-set-up': 'the client’s credentials are missing',
  disconnecting: 'it is being disconnected',
  disconnected: 'it is disconnected',
  'tick-already-checked': 'another execution made this check',
  'removed-from-configuration': 'it was removed from the configuration',
  'not-checked': 'it was not checked yet',
  'report-only': 'this execution only reports a failure',
  'asked-for': 'somebody asked for it',
  'access-token-expiring': 'the token expires before the next check',
  'login-interrupted': 'an earlier login was interrupted',
  'disconnection-interrupted': 'an earlier disconnection was interrupted',
  'reminder-due': 'a reminder is scheduled for now',
  'grant-restored': 'the connection works again',
  'first-login': 'it was never connected',
  expiring: 'the grant ends soon',
  expired: 'the grant has ended',
  rejected: 'the provider rejected the grant',
  reminder: 'a reminder was scheduled',
  requested: 'somebody asked for a login',
  'change-owner': 'a new owner may log in',
  panel: 'the owner came from the panel',
  'cross-site': 'the request came from another site or an earlier session',
  'not-owner': 'only the owner can log in there',
  'operators-only': 'only operators can do that',
  'not-confirmed': 'the box was not ticked',
  'reason-missing': 'no reason was given',
  'already-paused': 'it is already paused',
  'not-paused': 'it is not paused',
  'paused-in-configuration': 'it is paused in the configuration',
  'already-disconnected': 'it is already disconnected',
  'login-needs-operator': 'it is disconnected, so an operator has to send the link',
  'already-asked': 'it was already asked for in the same minute',
  'asked-at-same-time': 'somebody else asked at the same moment',
} as const satisfies Record<DecisionReason | LoginReason | ActionRefusal, string>;

/** Longer texts for refusals, where {@link reasonLabels} says too little. */
const refusalTexts: { readonly [Code in ActionRefusal]?: string } = {
  'waiting-for-owner': 'Waiting for {owner}.',
  'owner-logging-in':
    '{owner} began to log in less than 15 minutes ago. Wait for that login, or try again afterwards.',
  'refresh-limited': 'It was refreshed on request too often. The stored access token is still valid.',
  paused: '{connection} is paused. Resume it first.',
  'in-set-up': 'The client’s credentials are missing. Run grantkeeper connect {connection}.',
  disconnected: '{connection} is disconnected. Send {owner} a login link to restore it.',
  'first-login': '{connection} was never connected. {owner} has to log in first.',
  expired: 'The grant has ended. {owner} has to log in.',
  rejected: '{provider} rejected the grant. {owner} has to log in.',
  'cross-site':
    'The request came from another site, or from a page of an earlier session. Reload the page and try again.',
  'not-owner': 'Only {owner} can log in here. Press Re-authorize to send {owner} a link.',
  'operators-only':
    'You are signed in as a viewer. Ask an operator to do this, or to make you an operator in the configuration.',
  'not-confirmed': 'Tick the box to confirm.',
  'reason-missing': 'Enter a reason. The timeline shows it to everybody.',
  'already-paused': '{connection} is already paused.',
  'not-paused': '{connection} is not paused.',
  'paused-in-configuration':
    '{connection} is paused in the configuration. Remove its key “paused” there and deploy.',
  'already-disconnected': '{connection} is already disconnected.',
  'login-needs-operator': '{connection} is disconnected. Ask an operator to send you a link.',
  'asked-at-same-time': 'Somebody else asked at the same moment. Try again.',
};

const untilTexts: { readonly [Code in ActionRefusal]?: string } = {
  'waiting-for-owner': ' You can send another link at {until}.',
  'refresh-limited': ' You can refresh it again at {until}.',
};

const refusalTitles: { readonly [Code in ActionRefusal]?: string } = {
  'cross-site': 'Request refused',
  'not-owner': 'You are not the owner',
  'operators-only': 'Operators only',
  'not-confirmed': 'Not confirmed',
  'reason-missing': 'A reason is missing',
};

export function refusalTitle(refusal: ActionRefusal): string {
  return refusalTitles[refusal] ?? 'Not now';
}

/** Sentences for somebody whose request was refused: why, and what to do next. @param until ISO 8601 */
export function refusalText(refusal: ActionRefusal, settings: NamedSettings, until?: string): string {
  const clause = reasonLabels[refusal];
  const text = refusalTexts[refusal] ?? `${clause[0]!.toUpperCase()}${clause.slice(1)}.`;
  const more = until === undefined ? '' : (untilTexts[refusal] ?? '');
  return fill(`${text}${more}`, settings, until);
}

type NamedSettings = Pick<Settings, 'connectionId' | 'owner' | 'provider'>;

/** Puts names into a text of one of the tables. */
function fill(text: string, { connectionId, owner, provider }: NamedSettings, until?: string): string {
  const values: Readonly<Record<string, string>> = {
    '{connection}': connectionId,
    '{owner}': owner.name ?? owner.email,
    '{provider}': provider.displayName,
    '{channels}': listText(channelsOf(owner).map((channel) => channelLabels[channel])),
    ...(until !== undefined && { '{until}': formatInstant(Date.parse(until), owner.timeZone) }),
  };
  return text.replaceAll(/\{[a-z]+\}/g, (name) => values[name] ?? name);
}

/** "a, b and c" */
function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

/** A check's result, as a sentence without its full stop. */
export function decisionLabel({
  decision,
  reason,
}: {
  readonly decision: string | number;
  readonly reason: string | number;
}): string {
  return `${labelIn(decisionLabels, decision)}: ${labelIn(reasonLabels, reason)}`;
}

/** Clauses about the revocation of tokens at the provider. */
const revocationLabels = {
  revoked: 'the tokens were revoked at the provider',
  nothing: 'there were no tokens to revoke',
  'not-offered': 'the provider cannot revoke tokens, so they stay valid there until they end',
  unanswered:
    'the provider did not answer, so the tokens stay valid there until they end or are withdrawn in the account',
  refused:
    'the provider refused to revoke the tokens, so they stay valid there until they end or are withdrawn in the account',
  removed:
    'the provider was not asked, because the connection had left the configuration: the tokens stay valid there until they end or are withdrawn in the account',
  'not-allowed':
    'the tokens were left valid, because revoking them at this provider could end other logins too',
} as const satisfies Record<Revocation | RevokedLogin, string>;

/** The texts of the buttons. */
export const actionLabels = {
  reauthorize: 'Re-authorize',
  continue: 'Log in here',
  refresh: 'Refresh now',
  test: 'Send test notice',
  pause: 'Pause',
  resume: 'Resume',
  disconnect: 'Disconnect',
} as const satisfies Record<ActionName, string>;

/** The panel's sentence after an action. */
const actionResultTexts = {
  reauthorize: 'Sending {owner} a login link by {channels}. The timeline below shows when it is sent.',
  refresh: 'Refreshing the access token. The timeline below shows the result.',
  test: 'Sending {owner} a test notice by {channels}. The timeline below shows which channels took it.',
  pause:
    'You paused {connection}. Nothing is refreshed, and {owner} gets no notices, until an operator resumes it.',
  resume: 'You resumed {connection}, and a check has started.',
  disconnect:
    'Disconnecting {connection}: revoking the tokens and emptying the secrets. The timeline below shows the result.',
  'already-asked':
    'This was already asked for in the last minute. The timeline below shows the result. To ask again, wait a minute.',
} as const satisfies Record<ActionResult, string>;

/** Undefined for any other text, because anybody can write the address of a page. */
export function actionResultText(result: string | null, settings: NamedSettings): string | undefined {
  if (result === null || !Object.hasOwn(actionResultTexts, result)) return undefined;
  return fill(actionResultTexts[result as ActionResult], settings);
}

/** How an attempt of the browser login ended. */
export const browserOutcomeLabels = {
  'logged-in': 'the browser logged in',
  'credentials-missing': 'its credentials are missing',
  'credentials-malformed': 'its credentials are malformed',
  'refused-before': 'the provider refused its credentials before, and they have not changed since',
  'unheard-before': 'the last attempt did not report, and the credentials have not changed since',
  'password-refused': 'the provider refused the password',
  'code-refused': 'the provider refused the one-time code',
  'account-locked': 'the account is locked',
  captcha: 'the provider asked for a captcha',
  declined: 'the provider declined the login',
  'page-changed': 'a page differs from the recipe',
  ambiguous: 'a step of the recipe fits more than one element',
  'too-slow': 'a page took too long',
  'not-stored': 'the callback did not accept the login',
  'browser-failed': 'the browser did not start, or crashed',
} as const satisfies Record<BrowserLoginOutcome, string>;

/** Why no browser was started. */
const skipLabels = {
  'tried-before': 'a browser already tried at this reminder',
  'refused-before': browserOutcomeLabels['refused-before'],
  'unheard-before':
    'the last attempt did not report, and may have entered a refused password: change the credentials, or ask for a login by hand',
  'under-way': 'another browser is logging in',
  'owner-logs-in': 'the owner is logging in',
  'asked-at-same-time': 'somebody else asked at the same moment',
  'logged-in-already': 'somebody logged in before the browser did',
} as const satisfies Record<SkipReason, string>;

const eventLabels = {
  checked: 'Checked',
  refreshed: 'Refreshed the access token',
  fresh: 'No refresh needed: another execution had just done it',
  dropped: 'Dropped a refresh, because a newer login had stored its tokens',
  rejected: 'The provider rejected the grant',
  'refresh-limited':
    'Not refreshed: more than 4 requests an hour or 20 a day. The stored token is still valid',
  'login-recovered': 'Completed an interrupted login',
  'login-lost': 'Gave up an interrupted login',
  asked: 'Sent the owner a login link',
  notified: 'Sent the owner a notice',
  tested: 'Sent a test notice',
  started: 'The owner began to log in',
  completed: 'The owner logged in',
  'grant-replaced': 'Replaced the grant before this login',
  imported: 'Imported a grant',
  declined: 'The owner declined',
  'authorization-failed': 'The provider did not let the owner log in',
  'issuer-refused': 'Refused a login: its issuer is not the configured one',
  'exchange-failed': 'The provider refused a login’s code',
  'identity-refused': 'Refused a login to another account',
  'identity-unavailable': 'Stored a login until its account can be checked',
  failed: 'Failed, and alerted the operators',
  recovered: 'Works again',
  requested: 'Requested',
  connected: 'Stored the client’s credentials',
  'browser-credentials-stored': 'Stored the browser’s password',
  paused: 'Paused',
  resumed: 'Resumed',
  disconnected: 'Disconnected',
  refused: 'Refused',
  'browser-logged-in': 'The browser login succeeded',
  'browser-failed': 'The browser login failed',
  'browser-skipped': 'Skipped the browser login',
} as const satisfies Record<EventType, string>;

/** Replaces what {@link eventLabels} says of the owner, where a browser logged in. */
const browserLabels: { readonly [Type in EventType]?: string } = {
  started: 'A browser began to log in',
  completed: 'A browser logged in',
  declined: 'The provider declined a browser’s login',
  'authorization-failed': 'The provider did not let a browser log in',
};

/** The text of an event. An event of a newer release shows its type. */
export function eventLabelOf({ type, details }: Pick<TimelineEvent, 'type' | 'details'>): string {
  const { decision, reason } = details;
  if (type === 'checked' && decision !== undefined && reason !== undefined)
    return decisionLabel({ decision, reason });
  const own = isBrowsers(details.authorizationId) ? browserLabels[type] : undefined;
  return own ?? eventLabels[type] ?? type;
}

/** Names of an event's details that are not shown under their own. */
const factNames: Readonly<Record<string, string>> = {
  until: 'possible again',
  notice: 'scheduled for',
  why: 'because',
  reason: 'because',
  detail: '',
  description: 'the provider said',
  screenshot: '',
  what: '',
  revocation: '',
};

/** Texts of the details' values, where these are codes. A function, so bundles that don't call it can drop it. */
const factLabels = (): { readonly [name: string]: Readonly<Record<string, string>> | undefined } => ({
  __proto__: null as never,
  what: { ...actionLabels, 'change-owner': 'Let a new owner in' },
  notice: { restored: 'when it works again' },
  why: { ...browserOutcomeLabels, ...skipLabels, ...reasonLabels },
  revocation: revocationLabels,
});

/** True for a detail that is shown. The label of a check already has its decision and reason. */
function isFact(type: EventType, name: string): boolean {
  if (type === 'checked' && (name === 'decision' || name === 'reason')) return false;
  return name !== 'authorizationId' && name !== 'executionId';
}

export interface Fact {
  readonly name: string;
  /** Ends in a colon and a space, or is empty. */
  readonly label: string;
  readonly text: string;
  /** Epoch milliseconds, if the detail is an instant. */
  readonly atMs: number | undefined;
}

/** The details of an event that people see. */
export function factsOf({ type, details }: Pick<TimelineEvent, 'type' | 'details'>): Fact[] {
  const labels = factLabels();
  return Object.entries(details)
    .filter(([name]) => isFact(type, name))
    .map(([name, value]) => {
      const label = Object.hasOwn(factNames, name) ? factNames[name]! : name;
      // In other events a reason is a person's text or an error's message.
      const known = name === 'reason' && type === 'asked' ? reasonLabels : labels[name];
      const text = labelIn(known ?? {}, value);
      const isInstant = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text);
      return { name, label: label && `${label}: `, text, atMs: isInstant ? Date.parse(text) : undefined };
    });
}

/** Looks up a code. A code of another release has no label and is shown itself. */
function labelIn(labels: Readonly<Record<string, string>>, code: string | number): string {
  return Object.hasOwn(labels, code) ? labels[code]! : String(code);
}
