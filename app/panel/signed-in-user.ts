import type { PanelSettings, Person, Role } from '../../core/panel.ts';
import { personOf } from '../../core/panel.ts';
import type { Clock, Random, Sessions } from '../../core/ports.ts';
import type { PanelRequest } from '../pages/http.ts';
import { cookieOf } from '../pages/http.ts';

/** A person with a valid session. */
export interface SignedInUser {
  readonly email: string;
  readonly role: Role;
  readonly sessionHash: string;
  /** Part of every form: only our own pages can read it. */
  readonly csrfToken: string;
}

export interface SignedInUserPorts {
  readonly sessions: Pick<Sessions, 'read' | 'touch'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Sent when the panel's script reloads a page, so that an open tab does not keep a session alive. */
export const autoRefreshHeader = 'x-grantkeeper-auto-refresh';

/** Saves a write on most clicks; a session ends after an hour, so a minute does not matter. */
const touchAfterMs = 60_000;

/**
 * Finds the person whose session cookie the request has. The role comes from the current configuration, so a person who
 * is removed there has no session any more.
 */
export async function signedInUserOf(
  request: PanelRequest,
  { people }: PanelSettings,
  { sessions, clock, random }: SignedInUserPorts,
): Promise<SignedInUser | undefined> {
  const secret = cookieOf(request, 'session');
  if (secret === undefined) return undefined;
  const nowMs = clock.nowMs();
  const sessionHash = random.hash(secret);
  const session = await sessions.read(sessionHash, nowMs);
  const person: Person | undefined = session && personOf(people, session.email);
  if (session === undefined || person === undefined) return undefined;
  const isByPerson = request.headers[autoRefreshHeader] === undefined;
  if (isByPerson && nowMs - session.seenAtMs > touchAfterMs) await sessions.touch(sessionHash, nowMs);
  return { ...person, sessionHash, csrfToken: random.hash(`csrf#${secret}`) };
}

/** True if the form is from one of this user's own pages. Compares hashes, so that the time taken reveals nothing of the token. */
export function hasCsrfToken(user: SignedInUser, form: URLSearchParams, random: Random): boolean {
  return random.hash(form.get('csrf') ?? '') === random.hash(user.csrfToken);
}
