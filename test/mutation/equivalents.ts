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
    line: "expiresAt: iso(linkExpiry(settings, schedule, 'reminder', nowMs)),",
    mutated: 'expiresAt: iso(linkExpiry(settings, schedule, "", nowMs)),',
    reason: 'Only two reasons change when a link ends, and a reminder is neither.',
  },
  {
    file: 'core/decide.ts',
    line: 'return accessExpiresAtMs !== undefined && accessExpiresAtMs > nowMs + neededSeconds * 1000;',
    mutated: 'return true && accessExpiresAtMs > nowMs + neededSeconds * 1000;',
    reason: 'Undefined is greater than no number; only the types need the test.',
  },
  {
    file: 'core/decide.ts',
    line: 'return (reminderScheduleOf(settings, grant)?.reminders ?? []).flatMap(({ atMs }) =>',
    mutated:
      'return (reminderScheduleOf(settings, grant)?.reminders ?? ["Stryker was here"]).flatMap(({ atMs }) =>',
    reason: 'A text has no time, so it comes to nothing.',
  },
  {
    file: 'core/decide.ts',
    line: "return decision.decision === 'none' ? decision.until : undefined;",
    mutated: 'return true ? decision.until : undefined;',
    reason: 'No other decision has this member; only the types need the test.',
  },
  {
    file: 'core/decide.ts',
    line: 'const wantsNewLink = askAgainAtMs !== undefined && nowMs >= askAgainAtMs;',
    mutated: 'const wantsNewLink = true && nowMs >= askAgainAtMs;',
    reason: 'No number is at least undefined; only the types need the test.',
  },
  {
    file: 'core/duration.ts',
    line: 'return untilMs > 0 ? `in ${text}` : `${text} ago`;',
    mutated: 'return untilMs >= 0 ? `in ${text}` : `${text} ago`;',
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
    file: 'core/reminder-schedule.ts',
    line: 'if (deadlineMs === undefined || grant.authorizedAtMs === undefined) return undefined;',
    mutated: 'if (deadlineMs === undefined || false) return undefined;',
    reason: 'Without a login there is no deadline; only the types need the test.',
  },
  {
    file: 'core/reminder-schedule.ts',
    line: 'if (atMs > fromMs) planned.set(atMs, new Set([...(planned.get(atMs) ?? []), ...channels]));',
    mutated:
      'if (atMs > fromMs) planned.set(atMs, new Set([...(planned.get(atMs) ?? ["Stryker was here"]), ...channels]));',
    reason: 'It is no channel that an owner has.',
  },
  {
    file: 'core/forecast.ts',
    line: 'const overdue = lastMs !== undefined && nowMs >= lastMs + 2 * tickMs;',
    mutated: 'const overdue = true && nowMs >= lastMs + 2 * tickMs;',
    reason: 'Nothing is greater than what is no number; only the types need the test.',
  },
  {
    file: 'core/forecast.ts',
    line: 'const missed = lastMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));',
    mutated: 'const missed = false ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));',
    reason: 'It is not looked at without a last check.',
  },
  {
    file: 'core/forecast.ts',
    line: 'decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: [] }),',
    mutated: 'decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: ["Stryker was here"] }),',
    reason: 'It is none of the things that can be done.',
  },
  {
    file: 'core/health.ts',
    line: 'grant.accessExpiresAtMs !== undefined &&',
    mutated: 'true &&',
    reason: 'Nothing is greater than undefined; only the types need the test.',
  },
  {
    file: 'core/health.ts',
    line: "return isOfGrant(problem.incident) ? 'failing' : 'healthy';",
    mutated: 'return isOfGrant(problem.incident) ? \'failing\' : "";',
    reason: 'Any value outside the list of severities counts as healthy.',
  },
  {
    file: 'core/weekly-hours.ts',
    line: 'const days = Math.ceil((toMs - fromMs) / (24 * 3600 * 1000));',
    mutated: 'const days = Math.ceil((toMs + fromMs) / (24 * 3600 * 1000));',
    reason: 'Openings after the time are left out in any case; it only takes longer.',
  },
  {
    file: 'core/weekly-hours.ts',
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
    file: 'core/token-refusal.ts',
    line: "if ((status < 300 || status === 400) && isJsonObject(body)) return as('contract');",
    mutated: "if ((status <= 300 || status === 400) && isJsonObject(body)) return as('contract');",
    reason: 'Redirects, from 300 on, were answered before.',
  },
  {
    file: 'core/weekly-hours.ts',
    line: 'const openings: Opening[] = [];',
    mutated: 'const openings: Opening[] = ["Stryker was here"];',
    reason: 'A text has no times, so it is none of the openings that are looked for.',
  },
  {
    file: 'core/weekly-hours.ts',
    line: 'const endMs = localMs(today, to > from ? day : day + 1, to, timeZone);',
    mutated: 'const endMs = localMs(today, to >= from ? day : day + 1, to, timeZone);',
    reason: 'Hours whose two ends are the same are refused.',
  },
  {
    file: 'core/weekly-hours.ts',
    line: 'askedBefore.set(name, known);',
    mutated: ';',
    reason: 'It is remembered for speed.',
  },
  {
    file: 'core/weekly-hours.ts',
    line: '} catch {',
    mutated: '} catch {}',
    reason: 'Undefined is as good as false.',
  },
  {
    file: 'core/chat-text.ts',
    line: 'export function cut(text: string, limit: number, unfinished = /$^/): string {',
    mutated: 'export function cut(text: string, limit: number, unfinished = /$/): string {',
    reason: 'Nothing is put in the place of nothing.',
  },
  {
    file: 'core/chat-text.ts',
    line: 'export function cut(text: string, limit: number, unfinished = /$^/): string {',
    mutated: 'export function cut(text: string, limit: number, unfinished = /^/): string {',
    reason: 'Nothing is put in the place of nothing.',
  },
  {
    file: 'core/browser-login.ts',
    line: 'return /^\\d/.test(occasion) || nowMs < attempt.atMs + remindedAgainMs;',
    mutated: 'return /\\d/.test(occasion) || nowMs < attempt.atMs + remindedAgainMs;',
    reason: 'An occasion is an instant, or a word without a digit.',
  },
  {
    file: 'core/version-budget.ts',
    line: 'refreshesAtMs = [],',
    mutated: 'refreshesAtMs = ["Stryker was here"],',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/version-budget.ts',
    line: 'requestedAtMs = [],',
    mutated: 'requestedAtMs = ["Stryker was here"],',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/version-budget.ts',
    line: 'otherWritesAtMs = [],',
    mutated: 'otherWritesAtMs = ["Stryker was here"],',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/version-budget.ts',
    line: '{ refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = [] }: Writes,',
    mutated: '{ refreshesAtMs = ["Stryker was here"], requestedAtMs = [], otherWritesAtMs = [] }: Writes,',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/version-budget.ts',
    line: '{ refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = [] }: Writes,',
    mutated: '{ refreshesAtMs = [], requestedAtMs = ["Stryker was here"], otherWritesAtMs = [] }: Writes,',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/version-budget.ts',
    line: '{ refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = [] }: Writes,',
    mutated: '{ refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = ["Stryker was here"] }: Writes,',
    reason: 'A text is no time, so it is within no window.',
  },
  {
    file: 'core/provider-text.ts',
    line: "withoutCredentials(issuer.slice(0, 2000), credentials).replaceAll(/[^\\w:/?#@!$&()*+,;=.~%[\\]-]/g, '?'),",
    mutated: "withoutCredentials(issuer, credentials).replaceAll(/[^\\w:/?#@!$&()*+,;=.~%[\\]-]/g, '?'),",
    reason: 'It is cut to 200 characters in any case; this is for speed.',
  },
  {
    file: 'core/browser-credentials.ts',
    line: "const field = issue.path.join('.');",
    mutated: 'const field = issue.path.join("");',
    reason: 'No field is within another one.',
  },
  {
    file: 'adapters/authorizations.ts',
    line: 'taskTokens: taskToken === undefined ? [] : [taskToken],',
    mutated: 'taskTokens: false ? [] : [taskToken],',
    reason: 'The marshaller leaves undefined out of a list.',
  },
  {
    file: 'adapters/grants.ts',
    line: "const key = parsed.error.issues[0]?.path.join('.') || 'all';",
    mutated: "const key = parsed.error.issues[0].path.join('.') || 'all';",
    reason: 'An invalid value has an issue; only the types need the test.',
  },
  {
    file: 'adapters/secrets.ts',
    line: '{ InvalidParameterException: () => false },',
    mutated: '{ InvalidParameterException: () => undefined },',
    reason: 'Only whether it was moved is looked at.',
  },
  {
    file: 'adapters/secrets.ts',
    line: "const field = parsed.error.issues[0]?.path.join('.');",
    mutated: "const field = parsed.error.issues[0].path.join('.');",
    reason: 'An invalid value has an issue; only the types need the test.',
  },
  {
    file: 'adapters/secrets.ts',
    line: "const field = parsed.error.issues[0]?.path.join('.');",
    mutated: 'const field = parsed.error.issues[0]?.path.join("");',
    reason: 'No field is within another one.',
  },
  {
    file: 'adapters/secrets.ts',
    line: ": { versionId: answer.VersionId, value: answer.SecretString ?? '' };",
    mutated: ': { versionId: answer.VersionId, value: answer.SecretString ?? "Stryker was here!" };',
    reason: 'Neither text is JSON.',
  },
  {
    file: 'app/login/return-login.ts',
    line: "if (authorization === undefined || start === undefined) return failed('not-ours', pages.notOurs());",
    mutated: "if (false || start === undefined) return failed('not-ours', pages.notOurs());",
    reason: 'Without an authorization there is no start; only the types need the test.',
  },
  {
    file: 'app/login/return-login.ts',
    line: "if (answer.kind !== 'refused') return undefined;",
    mutated: 'if (false) return undefined;',
    reason: 'A code has no refusal, so the next line returns the same; only the types need the test.',
  },
  {
    file: 'app/login/exchange-code.ts',
    line: '`A login to ${provider.displayName} left out ${left} of ${accounts?.length} accounts that were shared before. If that is intended, run grantkeeper reauthorize with --new-owner, and let them log in again.`,',
    mutated:
      '`A login to ${provider.displayName} left out ${left} of ${accounts.length} accounts that were shared before. If that is intended, run grantkeeper reauthorize with --new-owner, and let them log in again.`,',
    reason: 'Where there are fewer accounts, some are pinned; only the types need the test.',
  },
  {
    file: 'app/login/login-page.ts',
    line: 'return { authorizationId, ...(executionId !== undefined && { executionId }) };',
    mutated: 'return { authorizationId, ...(true && { executionId }) };',
    reason: 'The timeline keeps details as JSON, which leaves undefined out.',
  },
  {
    file: 'app/login/complete-login.ts',
    line: 'const waits = [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])];',
    mutated: 'const waits = [...(closed?.supersedes ?? ["Stryker was here"]), ...(closed ? [closed] : [])];',
    reason: 'A text names no authorization, so nothing is ended.',
  },
  {
    file: 'app/login/complete-login.ts',
    line: 'const waits = [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])];',
    mutated: 'const waits = [...(closed?.supersedes ?? []), ...(closed ? [closed] : ["Stryker was here"])];',
    reason: 'A text names no authorization, so nothing is ended.',
  },
  {
    file: 'app/login/complete-login.ts',
    line: 'return waits',
    mutated: 'return waits',
    reason: 'An authorization that is completed is not ended any more; this saves a write.',
  },
  {
    file: 'app/login/complete-login.ts',
    line: '.filter((wait) => wait.authorizationId !== authorizationId)',
    mutated: '.filter((wait) => true)',
    reason: 'An authorization that is completed is not ended any more; this saves a write.',
  },
  {
    file: 'functions/reauthorize/reauthorize.ts',
    line: "if (isForeign(request, settings?.publicUrl ?? '')) return foreign();",
    mutated: 'if (isForeign(request, settings?.publicUrl ?? "Stryker was here!")) return foreign();',
    reason: 'No page has either of these as its origin.',
  },
  {
    file: 'functions/reauthorize/reauthorize.ts',
    line: 'if (accessExpiresAtMs !== undefined && nowMs >= accessExpiresAtMs) {',
    mutated: 'if (true && nowMs >= accessExpiresAtMs) {',
    reason: 'Nothing is greater than undefined; only the types need the test.',
  },
  {
    file: 'app/login/recover-login.ts',
    line: "if (unrecordedLogins.indexOf(newest?.versionId ?? '') < firstHeld)",
    mutated: 'if (unrecordedLogins.indexOf(newest?.versionId ?? "Stryker was here!") < firstHeld)',
    reason: 'Neither is the id of a login.',
  },
  {
    file: 'app/refresh/refresh-under-lease.ts',
    line: 'const spending: Spending = { isBegun: false };',
    mutated: 'const spending: Spending = {};',
    reason: 'Undefined is as good as false.',
  },
  {
    file: 'app/refresh/refresh-grant.ts',
    line: 'if (accessVersionId !== undefined && accessVersionId === access.versionId) return false;',
    mutated: 'if (true && accessVersionId === access.versionId) return false;',
    reason: 'A version that is stored has an id.',
  },
  {
    file: 'app/login/verify-login.ts',
    line: "return { kind: 'verified', grant: { ...grant, identity: pin(pinned, found) }, access };",
    mutated: 'return { kind: "", grant: { ...grant, identity: pin(pinned, found) }, access };',
    reason: 'Only the other two kinds are looked at.',
  },
  {
    file: 'app/login/verify-login.ts',
    line: 'const ids = new Set([record.unrecordedLogins?.at(-1) ?? grant.versionId, grant.versionId]);',
    mutated: 'const ids = new Set([record.unrecordedLogins.at(-1) ?? grant.versionId, grant.versionId]);',
    reason: 'A login that was found is one of them; only the types need the test.',
  },
  {
    file: 'app/login/verify-login.ts',
    line: "{ request: { trigger: 'link' } },",
    mutated: '{ request: { trigger: "" } },',
    reason: 'Every trigger but the schedule is the same.',
  },
  {
    file: 'app/login/store-login.ts',
    line: 'isOurs: (current: T) => boolean = () => false,',
    mutated: 'isOurs: (current: T) => boolean = () => undefined,',
    reason: 'Undefined is as good as false.',
  },
];
