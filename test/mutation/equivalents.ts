/** A mutant that no test can notice: the code does the same. */
export interface Equivalent {
  readonly file: string;
  /** The line of code on which the change begins, as it is. */
  readonly line: string;
  /** The same, with the change. */
  readonly mutated: string;
  readonly reason: string;
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'core/decide.ts',
    line: "expiresAt: iso(linkExpiry(settings, ladder, 'rung', nowMs)),",
    mutated: 'expiresAt: iso(linkExpiry(settings, ladder, "", nowMs)),',
    reason: 'Only two reasons change when a link ends, and a rung is neither.',
  },
  {
    file: 'core/decide.ts',
    line: 'return accessExpiresAtMs !== undefined && accessExpiresAtMs > nowMs + neededSeconds * 1000;',
    mutated: 'return true && accessExpiresAtMs > nowMs + neededSeconds * 1000;',
    reason: 'Undefined is greater than no number; only the types need the test.',
  },
  {
    file: 'core/decide.ts',
    line: 'return (ladderOf(settings, grant)?.rungs ?? []).flatMap(({ atMs }) => (atMs <= nowMs ? iso(atMs) : []));',
    mutated:
      'return (ladderOf(settings, grant)?.rungs ?? ["Stryker was here"]).flatMap(({ atMs }) => (atMs <= nowMs ? iso(atMs) : []));',
    reason: 'A text has no time, so it comes to nothing.',
  },
];
