import type { EventKind, TimelineEvent } from '../core/event.ts';
import { eventKinds, newestFirst } from '../core/event.ts';
import { formatInstant } from '../core/notice-text.ts';
import { eventLabelOf, factsOf } from '../app/labels.ts';
import type { Options } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';
import { exitCodes, json, table } from './output.ts';

export const kinds = [...new Set(Object.values(eventKinds))] as readonly EventKind[];

export interface HistoryOptions extends Options {
  readonly kind?: EventKind;
  readonly limit: number;
}

/** Prints the events of a connection, the newest last. */
export async function history(connectionId: string, options: HistoryOptions): Promise<number> {
  const stack = await openStack(options, 'reads');
  const { kind, limit } = options;
  const found = await stack.panel.readEvents(connectionId, { kind, before: undefined, limit });
  const events = newestFirst(found.events);
  // A removed connection keeps its events, but no settings.
  const isPast = events.length > 0 && !stack.panelSettings.connectionIds.includes(connectionId);
  const timeZone = isPast ? 'UTC' : (await connectionOf(stack, connectionId)).settings.owner.timeZone;
  if (options.json) {
    console.log(json(events.map(machineOf)));
    return exitCodes.ok;
  }
  if (events.length === 0) console.log('Nothing yet.');
  else console.log(table(events.toReversed().map((event) => lineOf(event, timeZone))));
  return exitCodes.ok;
}

/** An event for programs. */
export function machineOf({ at, type, details }: TimelineEvent) {
  return { at, type, ...details };
}

/** An event as two cells: time and text. */
export function lineOf({ at, type, details }: TimelineEvent, timeZone: string): [string, string] {
  const facts = factsOf({ type, details }).map(
    ({ label, text, atMs }) => `${label}${atMs === undefined ? text : formatInstant(atMs, timeZone)}`,
  );
  const what = [eventLabelOf({ type, details }), ...facts].join(' · ');
  return [formatInstant(Date.parse(at), timeZone), what];
}
