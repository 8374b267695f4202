import type { EventType } from '../../core/event.ts';
import type { Events } from '../../core/ports.ts';

/** Adds the execution to each event of a step. */
export function eventsOf({ executionId }: { readonly executionId: string }, events: Events): Events {
  return {
    record: (connectionId, type, details) => events.record(connectionId, type, { ...details, executionId }),
  };
}

/**
 * Records an event, and ignores a failure to do so. A check must not fail, and a step must not run again, only because the
 * timeline lacks a line.
 */
export async function recordIfPossible(
  events: Events,
  connectionId: string,
  type: EventType,
  details: Parameters<Events['record']>[2],
): Promise<void> {
  await events.record(connectionId, type, details).catch(() => undefined);
}
