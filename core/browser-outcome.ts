/** How an attempt ended. */
export const outcomes = {
  /** The provider led back to the callback, which answered that all is done. */
  'logged-in': 'the browser came back',
  'credentials-missing': 'its credentials are not there',
  'credentials-malformed': 'its credentials are not usable',
  /** These very credentials were refused before: nothing was opened. */
  'refused-before': 'its credentials were refused before, and are the same still',
  /** Nor when they may have been. */
  'unheard-before': 'nothing was heard of the last one, and its credentials are the same still',
  'password-refused': 'the provider refused the password',
  'code-refused': 'the provider refused the one-time code',
  'account-locked': 'the account is locked',
  captcha: 'the provider wants to see a person (captcha)',
  declined: 'the provider declined',
  'page-changed': 'a page is not the one that the recipe knows',
  ambiguous: 'a step of the recipe fits more than one element',
  'too-slow': 'a page took too long',
  /** The callback was reached, and did not store the login. */
  'not-stored': 'the login came back and was not accepted here',
  'browser-failed': 'the browser could not be started, or broke',
} as const;
export type BrowserLoginOutcome = keyof typeof outcomes;

/** Why none was sent. */
export const skipReasons = {
  'tried-before': 'there was one for this planned moment',
  'refused-before': 'the provider has refused its credentials, which have not changed since',
  'unheard-before':
    'nothing was heard of the last one, and it may have typed what is refused: change the credentials, or ask for a login by hand',
  'under-way': 'a browser is under way',
  'owner-logs-in': 'the owner is logging in',
  'asked-meanwhile': 'somebody else asked at the same moment',
  'logged-in-meanwhile': 'somebody logged in meanwhile',
} as const;
export type SkipReason = keyof typeof skipReasons;

/** The id of a browser's authorization tells it from the owner's, for whoever reads the timeline. */
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
