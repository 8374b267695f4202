import * as z from 'zod/mini';

import type { ChannelName } from './channel.ts';
import { channelNames, channelSteps } from './channel.ts';
import type { Grant } from './grant.ts';

/** Something that operators were told of, and that is not over yet: `connection#<id>/incident#<step>#<error>`. */
export const IncidentSchema = z.object({
  /** A state of the workflow, a page, or a channel. */
  step: z.string(),
  error: z.string(),
  /** ISO 8601: when it was written down. */
  since: z.string(),
});
export type Incident = z.infer<typeof IncidentSchema>;

/** The state that sends a browser. */
export const browserLoginStep = 'BrowserLogin';

/**
 * Whether what failed has worked since, as the record says.
 * @param succeeded the step that has just done its work
 * @param hasBrowser whether a browser logs in for the connection
 */
export function isOver(
  { step, since }: Incident,
  grant: Grant,
  succeeded: string,
  hasBrowser: boolean | undefined,
): boolean {
  const hasHappened = (atMs: number | undefined) => atMs !== undefined && atMs > Date.parse(since);
  const channel = channelNames.find((name) => channelSteps[name] === step);
  if (channel !== undefined) return hasHappened(grant[reachedAt(channel)]);
  if (step === succeeded) return true;
  // Whoever logged in: it was not the browser, whose success is a step's, for as long as there is one.
  if (step === browserLoginStep) return !hasBrowser;
  // By a login the client was accepted, and the tokens stored; of a channel it says nothing.
  if (hasHappened(grant.authorizedAtMs)) return true;
  if (step === 'RefreshTokens') return hasHappened(grant.refreshedAtMs);
  return (step === 'NotifyOwner' || step === 'RequestReauthorization') && hasHappened(grant.notifiedAtMs);
}

/** Of the grant record: when a channel last took a notice. */
export function reachedAt<C extends ChannelName>(channel: C): `${C}ReachedAtMs` {
  return `${channel}ReachedAtMs`;
}
