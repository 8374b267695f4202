import type { PanelSettings, Person, Role } from '../../core/panel.ts';
import { personOf } from '../../core/panel.ts';
import type { Clock, Random, Sessions } from '../../core/ports.ts';
import type { PanelRequest } from '../pages/http.ts';
import { cookieOf } from '../pages/http.ts';

/** Somebody who has signed in, and may still be here. */
export interface Visitor {
  readonly email: string;
  readonly role: Role;
  readonly sessionHash: string;
  /** Goes into every form of theirs: only a page of ours can have read it. */
  readonly csrfToken: string;
}

export interface VisitorPorts {
  readonly sessions: Pick<Sessions, 'read' | 'touch'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a page asks for by itself, to keep itself current. */
export const liveHeader = 'x-grantkeeper-live';

/** Not every click is written down: a minute more or less is nothing to an hour. */
const touchAfterMs = 60_000;

/**
 * Whose session the request's cookie is. Their role is that of the configuration as it is now: whoever is taken out
 * of it has no session any more.
 */
export async function visitorOf(
  request: PanelRequest,
  { people }: PanelSettings,
  { sessions, clock, random }: VisitorPorts,
): Promise<Visitor | undefined> {
  const secret = cookieOf(request, 'session');
  if (secret === undefined) return undefined;
  const nowMs = clock.nowMs();
  const sessionHash = random.hash(secret);
  const session = await sessions.read(sessionHash, nowMs);
  const person: Person | undefined = session && personOf(people, session.email);
  if (session === undefined || person === undefined) return undefined;
  // A page that refreshes itself is nobody's doing: without this an open tab would never be idle.
  const isDoing = request.headers[liveHeader] === undefined;
  if (isDoing && nowMs - session.seenAtMs > touchAfterMs) await sessions.touch(sessionHash, nowMs);
  return { ...person, sessionHash, csrfToken: random.hash(`csrf#${secret}`) };
}

/** Whether the form was one of this visitor's own. Compared by hashes, so that time tells nothing of the token. */
export function hasCsrfToken(visitor: Visitor, form: URLSearchParams, random: Random): boolean {
  return random.hash(form.get('csrf') ?? '') === random.hash(visitor.csrfToken);
}
