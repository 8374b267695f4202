import { isBrowsers } from '../core/browser-outcome.ts';
import type { Decision } from '../core/decide.ts';
import type { EventType, TimelineEvent } from '../core/event.ts';
import type { Revocation } from '../core/grant.ts';
import { formatInstant } from '../core/notice.ts';
import type { ActionName } from './panel/panel-action.ts';
import type { RevokedLogin } from './login/revoke-login.ts';

export const decisionLabels = {
  none: 'nothing to do',
  refresh: 'refresh the access token',
  notify: 'tell the owner',
  reauthorize: 'ask the owner to log in',
  disconnect: 'disconnect it',
} as const satisfies Record<Decision['decision'], string>;

/** What became of the tokens at the provider. */
export const revocationLabels = {
  revoked: 'the tokens were revoked at the provider',
  nothing: 'there were no tokens to revoke',
  'not-offered': 'the provider has no way to revoke tokens: they stay valid there until they end',
  unanswered:
    'the provider did not answer: the tokens stay valid there until they end, or are withdrawn in the account there',
  refused:
    'the provider refused to revoke the tokens: they stay valid there until they end, or are withdrawn in the account there',
  removed:
    'nobody asked the provider, for the connection had left the configuration: the tokens stay valid there until they end, or are withdrawn in the account there',
  'not-allowed':
    'its tokens were left alone at the provider: its data does not say that a revocation ends that login alone',
} as const satisfies Record<Revocation | RevokedLogin, string>;

/** What an action's button says. */
export const actionLabels = {
  reauthorize: 'Re-authorize',
  continue: 'Log in here',
  refresh: 'Refresh now',
  test: 'Send test notice',
  pause: 'Pause',
  resume: 'Resume',
  disconnect: 'Disconnect',
} as const satisfies Record<ActionName, string>;

/** What a decision's reason says to people: those that are words of the workflow's own. */
const words: Readonly<Record<string, string>> = {
  'first-login': 'it has never been connected',
  expiring: 'the grant is about to end',
  expired: 'the grant has ended',
  rejected: 'the provider rejected the grant',
  requested: 'a login was asked for',
  reminder: 'a planned moment before the end has come',
  paused: 'it is paused',
  disconnected: 'it is disconnected',
  'still in set-up': 'the client’s credentials are not there yet; `grantkeeper connect` puts them in place',
  'change-owner': 'another owner was allowed to log in',
  panel: 'they came by the panel',
  'the access token would not outlive the next check': 'it would end before the next check',
  'the owner is logging in':
    'the owner began to log in less than a quarter of an hour ago, and may be about to finish',
  'the owner has been asked':
    'the owner has a link; a quarter of an hour after it another one can be asked for',
};

export function reasonLabel(reason: string): string {
  return Object.hasOwn(words, reason) ? words[reason]! : reason;
}

/** Tells somebody why the decision is not the one that they asked for. */
export function refusalWords(decision: Decision, timeZone: string): string {
  if (decision.decision !== 'none' || decision.until === undefined) return reasonLabel(decision.reason);
  const until = formatInstant(Date.parse(decision.until), timeZone);
  return `it was refreshed on request too often, and the stored access token is still valid; you can refresh it again at ${until}`;
}

const eventLabels = {
  checked: 'Checked',
  refreshed: 'Refreshed the access token',
  fresh: 'Nothing to refresh: it had just been done',
  dropped: 'Dropped a refresh: a newer login stands',
  rejected: 'The provider rejected the grant',
  'refresh-limited':
    'Not refreshed: asked for more than 4 times an hour or 20 a day, and the stored token is valid',
  'login-recovered': 'Completed a login whose page had died',
  'login-lost': 'A login came to nothing',
  asked: 'Asked the owner to log in',
  notified: 'Told the owner',
  tested: 'Sent a test notice',
  started: 'The owner began to log in',
  completed: 'The owner logged in',
  'grant-replaced': 'The grant before this login',
  imported: 'Took over a grant from elsewhere',
  declined: 'The owner declined',
  'authorization-failed': 'The provider did not let the owner log in',
  'issuer-refused': 'A login was refused: another issuer',
  'exchange-failed': 'A login failed at the provider',
  'identity-refused': 'A login was refused: another account',
  'identity-unavailable': 'A login is kept until its account can be checked',
  failed: 'Failed, and operators were alerted',
  recovered: 'Works again',
  requested: 'Asked for',
  connected: 'The client’s credentials were put in place',
  'browser-credentials-stored': 'The browser’s password was put in place',
  paused: 'Paused',
  resumed: 'Resumed',
  disconnected: 'Disconnected',
  refused: 'Refused',
  'browser-logged-in': 'The browser was sent, and came back',
  'browser-failed': 'The browser could not log in',
  'browser-skipped': 'No browser was sent',
} as const satisfies Record<EventType, string>;

/** What is said of the owner, where it was a browser in their place. */
const browserLabels: { readonly [Type in EventType]?: string } = {
  started: 'A browser began to log in',
  completed: 'A browser logged in',
  declined: 'The provider declined a browser’s login',
  'authorization-failed': 'The provider did not let a browser log in',
};

/** What happened, in words; one that a newer release has written, by its type. */
export function eventLabelOf({ type, details }: Pick<TimelineEvent, 'type' | 'details'>): string {
  const own = isBrowsers(details.authorizationId) ? browserLabels[type] : undefined;
  return own ?? eventLabels[type] ?? type;
}

/** What the details of an event are called where their own name says too little, or nothing that is not said. */
const factNames: Readonly<Record<string, string>> = {
  until: 'can be asked for again',
  notice: 'planned for',
  why: 'because',
  reason: 'because',
  detail: '',
  description: 'it said',
  screenshot: '',
  what: '',
  decision: '',
  revocation: '',
};

/** What their values say, where those are words of the workflow's own. A function, which who does not use it leaves out. */
const factLabels = (): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  what: { ...actionLabels, 'change-owner': 'Let a new owner in' },
  decision: decisionLabels,
  notice: { restored: 'when it works again' },
  revocation: revocationLabels,
});

/** Whether a detail of an event is for people. `ended` is for programs: `why` has it in words. */
export function isFact(name: string): boolean {
  return !['authorizationId', 'executionId', 'ended'].includes(name);
}

export interface Fact {
  /** Ends in a colon and a space, or is empty. */
  readonly label: string;
  readonly words: string;
  /** Epoch milliseconds, where it is an instant. */
  readonly atMs: number | undefined;
}

/** A detail of an event in words. */
export function factOf(name: string, value: string | number): Fact {
  const words = factLabels();
  const known = Object.hasOwn(words, name) ? words[name]! : {};
  const own = Object.hasOwn(known, value) ? known[value]! : String(value);
  const label = Object.hasOwn(factNames, name) ? factNames[name]! : name;
  const said = name === 'reason' ? reasonLabel(own) : own;
  const isInstant = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(said);
  return { label: label && `${label}: `, words: said, atMs: isInstant ? Date.parse(said) : undefined };
}
