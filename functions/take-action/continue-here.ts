import { decide } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { isOpen } from '../../core/grant.ts';
import { linkPath } from '../../core/link.ts';
import type { HttpResponse } from '../http.ts';
import { authorizationIdOf } from '../offer.ts';
import { onTo } from '../panel-page.ts';
import { notNow } from './not-now.ts';
import type { TakeActionPorts, Wish } from './take-action.ts';

/**
 * Leads an owner who is signed in to the page behind a link, without a mail: the link is one more of the authorization
 * that is open, or of a new one. From there on it is the ceremony as ever.
 */
export async function continueHere(
  { settings, visitor }: Wish,
  ports: TakeActionPorts,
): Promise<HttpResponse> {
  const { connectionId } = settings;
  const { grants, authorizations, random, events } = ports;
  const nowMs = ports.clock.nowMs();
  const { grant } = await grants.read(connectionId);
  // An operator has ended it, and an operator begins it anew.
  if (grant.status === 'disconnected' && visitor.role !== 'operator') {
    return notNow(
      connectionId,
      'it is disconnected, and an operator has to ask for the login',
      nowMs,
      visitor,
    );
  }
  const secret = random.secret();
  const link = { connectionId, linkHash: random.hash(secret) };
  const lead = async (authorizationId: string) => {
    await events.record(connectionId, 'requested', { what: 'continue', by: visitor.email });
    return onTo(linkPath({ connectionId, authorizationId, random: secret }));
  };

  const open = isOpen(grant.authorization, nowMs) ? grant.authorization : undefined;
  if (open !== undefined && nowMs < open.expiresAtMs) {
    const { authorizationId, reason, expiresAtMs } = open;
    const { status } = await authorizations.offer({ ...link, authorizationId, reason, expiresAtMs }, nowMs);
    if (status === 'offered' || status === 'started' || status === 'exchanging') return lead(authorizationId);
  }
  const decision = decide(settings, grant, nowMs, { force: 'reauthorize', done: ['refresh'] });
  if (decision.decision !== 'reauthorize') return notNow(connectionId, decision.reason, nowMs, visitor);
  const authorizationId = authorizationIdOf(random.uuid(), 0, random);
  const { reason } = decision;
  const expiresAtMs = Date.parse(decision.expiresAt);
  await authorizations.offer({ ...link, authorizationId, reason, expiresAtMs }, nowMs);
  const opened = { authorizationId, reason, offeredAtMs: nowMs, expiresAtMs, supersedes: superseded(grant) };
  if (await grants.openAuthorization(connectionId, grant, opened, undefined)) return lead(authorizationId);
  await authorizations.setStatus(connectionId, authorizationId, 'superseded');
  return notNow(connectionId, 'somebody else asked at the same moment', nowMs, visitor);
}

/** Those that a login, or the next notice, ends. */
function superseded({ authorization }: Grant) {
  if (authorization === undefined) return [];
  const { authorizationId, expiresAtMs, supersedes = [] } = authorization;
  return [...supersedes, { authorizationId, expiresAtMs }];
}
