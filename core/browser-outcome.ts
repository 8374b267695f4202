/** How an attempt of the browser login ended. The texts are in app/labels.ts. */
export const browserLoginOutcomes = [
  /** The provider led back to the callback, which completed the login. */
  'logged-in',
  'credentials-missing',
  'credentials-malformed',
  /** The provider refused this version of the credentials before. The browser opened nothing. */
  'refused-before',
  /** The last attempt with these credentials never reported, so they may be wrong. The browser opened nothing. */
  'unheard-before',
  'password-refused',
  'code-refused',
  'account-locked',
  'captcha',
  'declined',
  'page-changed',
  'ambiguous',
  'too-slow',
  /** The browser reached the callback, which did not store the login. */
  'not-stored',
  'browser-failed',
] as const;
export type BrowserLoginOutcome = (typeof browserLoginOutcomes)[number];

/** Why no browser was started. */
export type SkipReason =
  | 'tried-before'
  | 'refused-before'
  | 'unheard-before'
  | 'under-way'
  | 'owner-logs-in'
  | 'asked-at-same-time'
  | 'logged-in-already';

/** Makes an authorization id that marks the login as a browser's in the timeline. */
export function browserAuthorizationId(hash: string): string {
  return `browser${hash
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 13)
    .padEnd(13, '0')}`;
}

export function isBrowsers(authorizationId: unknown): boolean {
  return typeof authorizationId === 'string' && authorizationId.startsWith('browser');
}
