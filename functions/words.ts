/** What a decision's reason says to people: those that are words of the workflow's own. */
const words: Readonly<Record<string, string>> = {
  'first-login': 'it has never been connected',
  expiring: 'the grant is about to end',
  expired: 'the grant has ended',
  rejected: 'the provider rejected the grant',
  requested: 'a login was asked for',
  paused: 'it is paused',
  disconnected: 'it is disconnected',
  'the owner has been asked':
    'the owner has a link; a quarter of an hour after it another one can be asked for',
};

export function reasonWords(reason: string): string {
  return Object.hasOwn(words, reason) ? words[reason]! : reason;
}
