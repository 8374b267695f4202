import type { EventKind, TimelineEvent } from '../core/event.ts';
import { eventKinds, newestFirst } from '../core/event.ts';
import { formatInstant } from '../core/notice.ts';
import { eventLabelOf, factOf, isFact } from '../app/labels.ts';
import type { Options } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';
import { exitCodes, json, table } from './output.ts';

export const kinds = [...new Set(Object.values(eventKinds))] as readonly EventKind[];

export interface HistoryOptions extends Options {
  readonly kind?: EventKind;
  readonly limit: number;
}

/** What happened to a connection, the newest last, as a terminal scrolls. */
export async function history(connectionId: string, options: HistoryOptions): Promise<number> {
  const stack = await openStack(options, 'reads');
  const { kind, limit } = options;
  const found = await stack.panel.readEvents(connectionId, { kind, before: undefined, limit });
  const events = newestFirst(found.events);
  // What has left the configuration keeps its past, and nothing else.
  const isPast = events.length > 0 && !stack.panelSettings.connectionIds.includes(connectionId);
  const timeZone = isPast ? 'UTC' : (await connectionOf(stack, connectionId)).settings.owner.timeZone;
  if (options.json) {
    console.log(json(events.map(machineOf)));
    return exitCodes.well;
  }
  if (events.length === 0) console.log('Nothing yet.');
  else console.log(table(events.toReversed().map((event) => lineOf(event, timeZone))));
  return exitCodes.well;
}

/** An event as programs read it. */
export function machineOf({ at, type, details }: TimelineEvent) {
  return { at, type, ...details };
}

/** An event as two cells: when, and what. */
export function lineOf({ at, type, details }: TimelineEvent, timeZone: string): [string, string] {
  const facts = Object.entries(details)
    .filter(([name]) => isFact(name))
    .map(([name, value]) => {
      const { label, words, atMs } = factOf(name, value);
      return `${label}${atMs === undefined ? words : formatInstant(atMs, timeZone)}`;
    });
  const what = [eventLabelOf({ type, details }), ...facts].join(' · ');
  return [formatInstant(Date.parse(at), timeZone), what];
}
