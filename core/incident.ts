import * as z from 'zod/mini';

import type { ChannelName } from './channel.ts';
import { channelNames, channelSteps } from './channel.ts';
import type { Grant } from './grant.ts';

/** A failure that operators were alerted of and that is not over: `connection#<id>/incident#<step>#<error>`. */
export const IncidentSchema = z.object({
  /** A state of the workflow, a page or a channel. */
  step: z.string(),
  error: z.string(),
  /** When it was recorded, ISO 8601. */
  since: z.string(),
});
export type Incident = z.infer<typeof IncidentSchema>;

/** The workflow's state of the browser login. */
export const browserLoginStep = 'BrowserLogin';

/**
 * True if the failed step has worked since, according to the grant record.
 * @param succeeded the step that has just succeeded
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
  // An owner's login says nothing about the browser. Without a browser login the incident is over.
  if (step === browserLoginStep) return !hasBrowser;
  // A login proves that the provider accepts the client and that tokens can be stored.
  if (hasHappened(grant.authorizedAtMs)) return true;
  if (step === 'RefreshTokens') return hasHappened(grant.refreshedAtMs);
  return (step === 'NotifyOwner' || step === 'RequestReauthorization') && hasHappened(grant.notifiedAtMs);
}

/** The grant record's attribute for when a channel last took a notice. */
export function reachedAt<C extends ChannelName>(channel: C): `${C}ReachedAtMs` {
  return `${channel}ReachedAtMs`;
}

export interface EndedIncident {
  readonly incident: Incident;
  /** This call ended it, not an earlier attempt. */
  readonly isNew: boolean;
}
