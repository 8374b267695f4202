import type { EventType } from '../../core/event.ts';
import type { Events } from '../../core/ports.ts';

/** The events of one step of the workflow: each says which execution it was. */
export function eventsOf({ executionId }: { readonly executionId: string }, events: Events): Events {
  return {
    record: (connectionId, type, details) => events.record(connectionId, type, { ...details, executionId }),
  };
}

/**
 * Writes down what happened, if that can be. A check must not fail, and what a step has done must not be done again, for
 * want of a line that only people read: a table that is down is told by whatever needs it.
 */
export async function recordIfPossible(
  events: Events,
  connectionId: string,
  type: EventType,
  details: Parameters<Events['record']>[2],
): Promise<void> {
  await events.record(connectionId, type, details).catch(() => undefined);
}
