import { grantEndsAtMs, forecastOf } from '../core/forecast.ts';
import { countdownText } from '../core/duration.ts';
import { formatInstant } from '../core/notice-text.ts';
import { problemsOf, needsSomebody, healthOf } from '../core/health.ts';
import { sentence } from '../app/panel/problems.ts';
import { decisionLabel, healthLabels } from '../app/labels.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Options } from './stack.ts';
import { connectionOf, openStack, settingsRemedy } from './stack.ts';
import { exitCodes, json, table } from './output.ts';

/** Prints the health of every connection, or of one. */
export async function status(connectionId: string | undefined, options: Options): Promise<number> {
  const stack = await openStack(options, 'reads');
  const { shown, unreadable } =
    connectionId === undefined
      ? await stack.connections()
      : { shown: [await connectionOf(stack, connectionId)], unreadable: [] };
  const { nowMs, panelSettings } = stack;
  const looked = shown.map((connection) => look(connection, nowMs, panelSettings.executionUrl));
  if (options.json) console.log(json([...looked.map(({ machine }) => machine), ...unreadable]));
  else {
    const rows = looked.map(({ row }) => row);
    console.log(table([['CONNECTION', 'STATUS', 'ACCESS TOKEN ENDS', 'GRANT ENDS', 'NEXT CHECK'], ...rows]));
    for (const { machine } of looked) {
      if (machine.problems.length === 0 && connectionId === undefined) continue;
      console.log(`\n${machine.connectionId}`);
      for (const problem of machine.problems) console.log(`  ${problem}`);
      console.log(`  Next: ${machine.next.decision}.`);
    }
  }
  for (const { connectionId: id, why } of options.json ? [] : unreadable)
    console.log(`\n${id}\n  ${why} ${settingsRemedy}`);
  return unreadable.length > 0 || looked.some(({ needs }) => needs) ? exitCodes.needsSomebody : exitCodes.ok;
}

function look(
  { connectionId, settings, grant, incidents }: ConfiguredConnection,
  nowMs: number,
  executionUrl: string,
) {
  const problems = problemsOf(settings, grant, incidents, nowMs);
  const health = healthOf(problems);
  const { nextCheckMs, decision, nextReminderMs } = forecastOf(settings, grant, nowMs);
  const endsAtMs = grantEndsAtMs(settings, grant);
  const iso = (epochMs: number | undefined) =>
    epochMs === undefined ? undefined : new Date(epochMs).toISOString();
  const when = (epochMs: number | undefined) =>
    epochMs === undefined
      ? '–'
      : `${countdownText(epochMs - nowMs)} (${formatInstant(epochMs, settings.owner.timeZone)})`;
  return {
    needs: problems.some(needsSomebody),
    row: [
      connectionId,
      healthLabels[health],
      when(grant.accessExpiresAtMs),
      when(endsAtMs),
      when(nextCheckMs),
    ],
    machine: {
      connectionId,
      health,
      needsSomebody: problems.some(needsSomebody),
      problems: problems.map((problem) =>
        sentence(problem, { settings, grant, nowMs, executionUrl }).toText(),
      ),
      accessExpiresAt: iso(grant.accessExpiresAtMs),
      grantEndsAt: iso(endsAtMs),
      next: {
        at: iso(nextCheckMs),
        decision: decisionLabel(decision),
        ownerNotifiedAt: iso(nextReminderMs),
      },
    },
  };
}
