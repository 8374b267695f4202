/** The panel's actions. Each is the last part of the path that its form is posted to. */
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

/** The result of an action. The page after it has it in `?done=`. */
export type ActionResult = Exclude<ActionName, 'continue'> | 'already-asked';
