import { grantEndsAtMs, outlookOf } from '../core/outlook.ts';
import { countdownInWords } from '../core/duration.ts';
import { formatInstant } from '../core/notice.ts';
import { concernsOf, needsSomebody, standingOf } from '../core/standing.ts';
import { sentence, standingWords } from '../functions/concerns.ts';
import { decisionWords, reasonWords } from '../functions/words.ts';
import type { Options, Shown } from './stack.ts';
import { connectionOf, openStack, settingsCure } from './stack.ts';
import { exitCodes, json, table } from './output.ts';

/** How every connection stands, or one. */
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
      if (machine.concerns.length === 0 && connectionId === undefined) continue;
      console.log(`\n${machine.connectionId}`);
      for (const concern of machine.concerns) console.log(`  ${concern}`);
      console.log(`  Next: ${machine.next.decision}.`);
    }
  }
  for (const { connectionId: id, why } of options.json ? [] : unreadable)
    console.log(`\n${id}\n  ${why} ${settingsCure}`);
  return unreadable.length > 0 || looked.some(({ needs }) => needs)
    ? exitCodes.needsSomebody
    : exitCodes.well;
}

function look({ connectionId, settings, grant, incidents }: Shown, nowMs: number, executionUrl: string) {
  const concerns = concernsOf(settings, grant, incidents, nowMs);
  const standing = standingOf(concerns);
  const { nextCheckMs, decision, nextRungMs } = outlookOf(settings, grant, nowMs);
  const endsAtMs = grantEndsAtMs(settings, grant);
  const iso = (epochMs: number | undefined) =>
    epochMs === undefined ? undefined : new Date(epochMs).toISOString();
  const when = (epochMs: number | undefined) =>
    epochMs === undefined
      ? '–'
      : `${countdownInWords(epochMs - nowMs)} (${formatInstant(epochMs, settings.owner.timeZone)})`;
  return {
    needs: concerns.some(needsSomebody),
    row: [
      connectionId,
      standingWords[standing],
      when(grant.accessExpiresAtMs),
      when(endsAtMs),
      when(nextCheckMs),
    ],
    machine: {
      connectionId,
      standing,
      needsSomebody: concerns.some(needsSomebody),
      concerns: concerns.map((concern) =>
        sentence(concern, { settings, grant, nowMs, executionUrl }).toText(),
      ),
      accessExpiresAt: iso(grant.accessExpiresAtMs),
      grantEndsAt: iso(endsAtMs),
      next: {
        at: iso(nextCheckMs),
        decision: `${decisionWords[decision.decision]}: ${reasonWords(decision.reason)}`,
        ownerToldAt: iso(nextRungMs),
      },
    },
  };
}
