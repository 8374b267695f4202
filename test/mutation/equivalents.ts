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
    file: 'core/duration.ts',
    line: 'return untilMs > 0 ? `in ${words}` : `${words} ago`;',
    mutated: 'return untilMs >= 0 ? `in ${words}` : `${words} ago`;',
    reason: 'Less than a second was answered before.',
  },
  {
    file: 'core/errors.ts',
    line: "const { name, stack = '' } = thrown instanceof Error ? thrown : { name: 'Error' };",
    mutated:
      'const { name, stack = "Stryker was here!" } = thrown instanceof Error ? thrown : { name: \'Error\' };',
    reason: 'No place is found in either text.',
  },
  {
    file: 'core/incident.ts',
    line: 'const hasHappened = (atMs: number | undefined) => atMs !== undefined && atMs > Date.parse(since);',
    mutated: 'const hasHappened = (atMs: number | undefined) => true && atMs > Date.parse(since);',
    reason: 'Undefined is greater than no number; only the types need the test.',
  },
  {
    file: 'core/ladder.ts',
    line: 'if (deadlineMs === undefined || grant.authorizedAtMs === undefined) return undefined;',
    mutated: 'if (deadlineMs === undefined || false) return undefined;',
    reason: 'Without a login there is no deadline; only the types need the test.',
  },
  {
    file: 'core/ladder.ts',
    line: 'if (atMs > fromMs) planned.set(atMs, new Set([...(planned.get(atMs) ?? []), ...channels]));',
    mutated:
      'if (atMs > fromMs) planned.set(atMs, new Set([...(planned.get(atMs) ?? ["Stryker was here"]), ...channels]));',
    reason: 'It is no channel that an owner has.',
  },
  {
    file: 'core/outlook.ts',
    line: 'const overdue = lastMs !== undefined && nowMs >= lastMs + 2 * tickMs;',
    mutated: 'const overdue = true && nowMs >= lastMs + 2 * tickMs;',
    reason: 'Nothing is greater than what is no number; only the types need the test.',
  },
  {
    file: 'core/outlook.ts',
    line: 'const missed = lastMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));',
    mutated: 'const missed = false ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));',
    reason: 'It is not looked at without a last check.',
  },
  {
    file: 'core/outlook.ts',
    line: 'decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: [] }),',
    mutated: 'decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: ["Stryker was here"] }),',
    reason: 'It is none of the things that can be done.',
  },
  {
    file: 'core/standing.ts',
    line: 'grant.accessExpiresAtMs !== undefined &&',
    mutated: 'true &&',
    reason: 'Nothing is greater than undefined; only the types need the test.',
  },
  {
    file: 'core/standing.ts',
    line: "return isOfGrant(concern.incident) ? 'failed' : 'well';",
    mutated: 'return isOfGrant(concern.incident) ? \'failed\' : "";',
    reason: 'What is none of the severe standings is well.',
  },
  {
    file: 'core/window.ts',
    line: 'const days = Math.ceil((toMs - fromMs) / (24 * 3600 * 1000));',
    mutated: 'const days = Math.ceil((toMs + fromMs) / (24 * 3600 * 1000));',
    reason: 'Openings after the time are left out in any case; it only takes longer.',
  },
  {
    file: 'core/window.ts',
    line: 'if (!/^[A-Za-z]/.test(name)) return false;',
    mutated: 'if (!/[A-Za-z]/.test(name)) return false;',
    reason: 'An offset has no letter in it.',
  },
  {
    file: 'core/parse-json.ts',
    line: '} catch {',
    mutated: '} catch {}',
    reason: 'What is returned is undefined in any case.',
  },
  {
    file: 'core/provider.ts',
    line: '} catch {',
    mutated: '} catch {}',
    reason: 'Undefined is as good as false.',
  },
  {
    file: 'core/token-answer.ts',
    line: "if ((status < 300 || status === 400) && isJsonObject(body)) return as('contract');",
    mutated: "if ((status <= 300 || status === 400) && isJsonObject(body)) return as('contract');",
    reason: 'Redirects, from 300 on, were answered before.',
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
