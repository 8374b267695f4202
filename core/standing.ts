import { channelNames, channelSteps } from './channel.ts';
import { isAlive } from './decide.ts';
import type { Grant, OpenAuthorization, Pause } from './grant.ts';
import { isOpen } from './grant.ts';
import type { Incident } from './incident.ts';
import type { Ladder } from './ladder.ts';
import { ladderOf } from './ladder.ts';
import { outlookOf } from './outlook.ts';
import type { Settings } from './settings.ts';

/** An incident with what operators were told of it. */
export interface KnownIncident extends Incident {
  readonly reason: string;
  /** ARN. */
  readonly executionId: string;
}

/** Something that people should know of a connection. Times are epoch milliseconds. */
export type Concern =
  /** The token is needed, and the grant has ended. */
  | { readonly kind: 'ended'; readonly atMs: number }
  | { readonly kind: 'rejected' }
  /** Consumers have no valid access token, though the grant is alive. */
  | { readonly kind: 'access-ended'; readonly atMs: number }
  | { readonly kind: 'silent'; readonly sinceMs: number }
  | { readonly kind: 'incident'; readonly incident: KnownIncident }
  | { readonly kind: 'first-login' }
  /** A link is open that the owner has not used yet. */
  | { readonly kind: 'waiting'; readonly authorization: OpenAuthorization }
  | { readonly kind: 'ending'; readonly neededAtMs: number }
  | { readonly kind: 'paused'; readonly pause: Pause | undefined }
  | { readonly kind: 'set-up' }
  /** An operator has ended it, or does so now. */
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'disconnecting' };

/** How a connection stands, in one word. */
export type Standing = 'failed' | 'waiting' | 'ending' | 'paused' | 'set-up' | 'disconnected' | 'well';

/** All that is to be known, the worst first. */
export function concernsOf(
  settings: Settings,
  grant: Grant,
  incidents: readonly KnownIncident[],
  nowMs: number,
): Concern[] {
  if (grant.disconnection !== undefined) return [{ kind: 'disconnecting' }];
  if (settings.paused || grant.paused) return [{ kind: 'paused', pause: grant.pause }];
  if (grant.setUp) return [{ kind: 'set-up' }];
  const ladder = ladderOf(settings, grant);
  const { silentSinceMs } = outlookOf(settings, grant, nowMs);
  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  const accessEndedAtMs =
    isAlive(settings, grant, nowMs) &&
    grant.accessExpiresAtMs !== undefined &&
    nowMs >= grant.accessExpiresAtMs
      ? grant.accessExpiresAtMs
      : undefined;
  return [
    ...ends(grant, ladder, nowMs),
    ...(accessEndedAtMs === undefined ? [] : [{ kind: 'access-ended', atMs: accessEndedAtMs } as const]),
    ...(silentSinceMs === undefined ? [] : [{ kind: 'silent', sinceMs: silentSinceMs } as const]),
    ...incidents.map((incident) => ({ kind: 'incident', incident }) as const),
    ...(open ? [{ kind: 'waiting', authorization: open } as const] : []),
  ];
}

/** What the grant's own end, or its absence, has to say. */
function ends(grant: Grant, ladder: Ladder | undefined, nowMs: number): Concern[] {
  if (grant.status === 'never-authorized') return [{ kind: 'first-login' }];
  if (grant.status === 'rejected') return [{ kind: 'rejected' }];
  if (grant.status === 'disconnected') return [{ kind: 'disconnected' }];
  if (ladder === undefined || nowMs < ladder.rungs[0]!.atMs) return [];
  const { neededAtMs } = ladder;
  return nowMs < neededAtMs ? [{ kind: 'ending', neededAtMs }] : [{ kind: 'ended', atMs: neededAtMs }];
}

/** The worst of the concerns, in one word. A channel that fails leaves the grant as it is. */
export function standingOf(concerns: readonly Concern[]): Standing {
  const standings = concerns.map(standingOfConcern);
  return severity.find((standing) => standings.includes(standing)) ?? 'well';
}

const severity = [
  'failed',
  'ending',
  'waiting',
  'paused',
  'set-up',
  'disconnected',
] as const satisfies readonly Standing[];

function standingOfConcern(concern: Concern): Standing {
  switch (concern.kind) {
    case 'ended':
    case 'rejected':
    case 'access-ended':
    case 'silent':
      return 'failed';
    case 'incident':
      return isOfChannel(concern.incident) ? 'well' : 'failed';
    case 'first-login':
    case 'waiting':
      return 'waiting';
    case 'ending':
      return 'ending';
    case 'paused':
      return 'paused';
    case 'set-up':
      return 'set-up';
    case 'disconnected':
    case 'disconnecting':
      return 'disconnected';
  }
}

/** All but what somebody has chosen. */
export function needsSomebody({ kind }: Concern): boolean {
  return !['paused', 'set-up', 'disconnected', 'disconnecting'].includes(kind);
}

/** Whether it is a way to the owner that fails, and not the grant. */
export function isOfChannel({ step }: Incident): boolean {
  return channelNames.some((name) => channelSteps[name] === step);
}
