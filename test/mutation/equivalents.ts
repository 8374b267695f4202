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
  {
    file: 'core/token-answer.ts',
    line: "if ((status < 300 || status === 400) && isJsonObject(body)) return as('contract');",
    mutated: "if ((status <= 300 || status === 400) && isJsonObject(body)) return as('contract');",
    reason: 'Redirects, from 300 on, were answered before.',
  },
  {
    file: 'core/token-answer.ts',
    line: '} catch {',
    mutated: '} catch {}',
    reason: 'Undefined is as good as false.',
  },
  {
    file: 'core/window.ts',
    line: 'const openings: Opening[] = [];',
    mutated: 'const openings: Opening[] = ["Stryker was here"];',
    reason: 'A text has no times, so it is none of the openings that are looked for.',
  },
  {
    file: 'core/window.ts',
    line: 'const endMs = localMs(today, to > from ? day : day + 1, to, timeZone);',
    mutated: 'const endMs = localMs(today, to >= from ? day : day + 1, to, timeZone);',
    reason: 'Hours whose two ends are the same are refused.',
  },
  {
    file: 'core/window.ts',
    line: 'askedBefore.set(name, known);',
    mutated: ';',
    reason: 'It is remembered for speed.',
  },
  {
    file: 'core/window.ts',
    line: '} catch {',
    mutated: '} catch {}',
    reason: 'Undefined is as good as false.',
  },
];
