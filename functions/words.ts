import type { Decision } from '../core/decide.ts';
import type { Revocation } from '../core/grant.ts';
import type { ActionName } from './panel-action.ts';

export const decisionWords = {
  none: 'nothing to do',
  refresh: 'refresh the access token',
  notify: 'tell the owner',
  reauthorize: 'ask the owner to log in',
  disconnect: 'finish disconnecting',
} as const satisfies Record<Decision['decision'], string>;

/** What became of the tokens at the provider. */
export const revocationWords = {
  revoked: 'the tokens were revoked at the provider',
  nothing: 'there were no tokens to revoke',
  'not-offered': 'the provider has no way to revoke tokens: they stay valid there until they end',
  unanswered:
    'the provider did not answer: the tokens stay valid there until they end, or are withdrawn in the account there',
  refused:
    'the provider refused to revoke the tokens: they stay valid there until they end, or are withdrawn in the account there',
} as const satisfies Record<Revocation, string>;

/** What an action's button says. */
export const actionWords = {
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
  rung: 'a planned moment before the end has come',
  paused: 'it is paused',
  disconnected: 'it is disconnected',
  repin: 'another owner was allowed to log in',
  panel: 'they came by the panel',
  'the access token would not outlive the next check': 'it would end before the next check',
  'the owner is logging in':
    'the owner began to log in less than a quarter of an hour ago, and may be about to finish',
  'the owner has been asked':
    'the owner has a link; a quarter of an hour after it another one can be asked for',
};

export function reasonWords(reason: string): string {
  return Object.hasOwn(words, reason) ? words[reason]! : reason;
}
