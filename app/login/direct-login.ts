import { decide } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { isOpen } from '../../core/grant.ts';
import { linkPath } from '../../core/link.ts';
import type { Authorizations, Clock, Grants, Random } from '../../core/ports.ts';
import type { ActionRefusal } from '../../core/action-refusal.ts';
import type { Settings } from '../../core/settings.ts';
import { authorizationIdOf } from '../notices/send-login-link.ts';

export interface DirectLoginPorts {
  readonly grants: Pick<Grants, 'openAuthorization'>;
  readonly authorizations: Pick<Authorizations, 'addLink' | 'setStatus'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** The lifetime of the cookie that binds a login to its browser. */
const lifetimeMs = 60 * 60_000;

/**
 * Makes a link for an owner who is signed in to the panel, without a message. It adds the link to the open authorization, or
 * opens a new one. A due notice is still sent.
 * @returns the link's path, or why a login is refused
 */
export async function directLogin(
  { settings, grant }: { readonly settings: Settings; readonly grant: Grant },
  { grants, authorizations, clock, random }: DirectLoginPorts,
): Promise<{ readonly path: string } | { readonly why: ActionRefusal }> {
  const { connectionId } = settings;
  const nowMs = clock.nowMs();
  // Decide without the open authorization: what forbids a new login also forbids this one.
  const asked = { ...grant, authorization: undefined };
  const decision = decide(settings, asked, nowMs, { force: 'reauthorize', done: ['refresh'] });
  if (decision.decision !== 'reauthorize') return { why: decision.reason };
  const secret = random.secret();
  const link = { connectionId, linkHash: random.hash(secret) };
  const pathOf = (authorizationId: string) => ({
    path: linkPath({ connectionId, authorizationId, random: secret }),
  });

  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  if (open !== undefined && nowMs < open.expiresAtMs) {
    const { authorizationId, reason, expiresAtMs } = open;
    const { status } = await authorizations.addLink({ ...link, authorizationId, reason, expiresAtMs }, nowMs);
    if (status === 'open' || status === 'started' || status === 'exchanging') return pathOf(authorizationId);
  }
  const authorizationId = authorizationIdOf(random.uuid(), 0, random);
  const reason = 'panel' as const;
  const expiresAtMs = nowMs + lifetimeMs;
  await authorizations.addLink({ ...link, authorizationId, reason, expiresAtMs }, nowMs);
  const opened = { authorizationId, reason, openedAtMs: nowMs, expiresAtMs, supersedes: superseded(grant) };
  if (await grants.openAuthorization(connectionId, grant, opened, undefined)) return pathOf(authorizationId);
  await authorizations.setStatus(connectionId, authorizationId, 'superseded');
  return { why: 'asked-at-same-time' };
}

/** The authorizations that a login or the next notice ends. */
export function superseded({ authorization }: Pick<Grant, 'authorization'>) {
  if (authorization === undefined) return [];
  const { authorizationId, expiresAtMs, supersedes = [] } = authorization;
  return [...supersedes, { authorizationId, expiresAtMs }];
}
