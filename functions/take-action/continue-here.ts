import { decide } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { isEndedByOperator, isOpen } from '../../core/grant.ts';
import { linkPath } from '../../core/link.ts';
import type { HttpResponse } from '../http.ts';
import { authorizationIdOf } from '../offer.ts';
import { onTo } from '../panel-page.ts';
import { notNow } from './not-now.ts';
import type { TakeActionPorts, Wish } from './take-action.ts';

/** As long as a browser keeps what binds a login to it. Nobody has the link but who has just pressed. */
const panelLinkMs = 60 * 60_000;

/**
 * Leads an owner who is signed in to the page behind a link, without a mail: the link is one more of the authorization
 * that is open, or of a new one, which keeps no mail from being sent when one is due. From there on it is the ceremony
 * as ever.
 */
export async function continueHere(wish: Wish, ports: TakeActionPorts): Promise<HttpResponse> {
  const { settings, visitor } = wish;
  const { connectionId } = settings;
  const { grants, authorizations, random, events } = ports;
  const nowMs = ports.clock.nowMs();
  const { grant } = await grants.read(connectionId);
  // An operator has ended it, and an operator begins it anew: then a link is open.
  if (isEndedByOperator(grant, nowMs) && visitor.role !== 'operator') {
    return notNow(wish, 'it is disconnected, and an operator has to ask for the login', ports);
  }
  // As if none were open: what forbids a login forbids going on with one.
  const asked = { ...grant, authorization: undefined };
  const decision = decide(settings, asked, nowMs, { force: 'reauthorize', done: ['refresh'] });
  if (decision.decision !== 'reauthorize') return notNow(wish, decision.reason, ports);
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
  const authorizationId = authorizationIdOf(random.uuid(), 0, random);
  const reason = 'panel' as const;
  const expiresAtMs = nowMs + panelLinkMs;
  await authorizations.offer({ ...link, authorizationId, reason, expiresAtMs }, nowMs);
  const opened = { authorizationId, reason, offeredAtMs: nowMs, expiresAtMs, supersedes: superseded(grant) };
  if (await grants.openAuthorization(connectionId, grant, opened, undefined)) return lead(authorizationId);
  await authorizations.setStatus(connectionId, authorizationId, 'superseded');
  return notNow(wish, 'somebody else asked at the same moment', ports);
}

/** Those that a login, or the next notice, ends. */
function superseded({ authorization }: Grant) {
  if (authorization === undefined) return [];
  const { authorizationId, expiresAtMs, supersedes = [] } = authorization;
  return [...supersedes, { authorizationId, expiresAtMs }];
}
