/** What can be asked for by the panel, each the last part of the path that its form is posted to. */
export const actionNames = [
  'reauthorize',
  'continue',
  'refresh',
  'test',
  'pause',
  'resume',
  'disconnect',
] as const;

export type ActionName = (typeof actionNames)[number];

/** What the page says after an action: `?done=` names it. */
const actionResultTexts = {
  reauthorize: 'Asked for: the owner is sent a link. The timeline shows when.',
  refresh: 'Asked for: the access token is refreshed now. The timeline shows the result.',
  test: 'Asked for: a test notice goes out over every channel of the owner. The timeline shows which took it.',
  pause:
    'You have paused it. Nothing is refreshed, and nobody is told anything, until somebody presses Resume.',
  resume: 'You have resumed it: a check was started at once.',
  disconnect: 'Asked for: the tokens are revoked and the secrets emptied now. The timeline shows the result.',
  'under-way':
    'That was asked for in this very minute already. The timeline shows the result; to ask again, wait a minute.',
} as const satisfies Partial<Record<ActionName | 'under-way', string>>;

export type ActionResult = keyof typeof actionResultTexts;

/** Undefined for what is none of these. */
export function wordsFor(done: string | null): string | undefined {
  return done !== null && Object.hasOwn(actionResultTexts, done)
    ? actionResultTexts[done as ActionResult]
    : undefined;
}
