import type { Login } from '../core/grant.ts';
import { isEndedFor } from '../core/grant.ts';
import { compareIdentity, pin } from '../core/identity.ts';
import type { SeizedLease, TokenSet } from '../core/ports.ts';
import type { Refusal } from '../core/token-answer.ts';
import { loginsFullUntilMs } from '../core/version-budget.ts';
import { hashed } from '../app/login/hashed-identity.ts';
import { forgetOldWrites } from '../app/login/forget-old-writes.ts';
import { supersede } from '../app/notices/send-login-link.ts';
import { readStored } from '../app/refresh/read-stored.ts';
import { saidIn } from '../app/refresh/refusal.ts';
import { revokeLogin } from '../app/login/revoke-login.ts';
import { holdTokens, storeLogin } from '../app/login/store-login.ts';
import type { CommandPorts } from './ports.ts';
import { commandPorts } from './ports.ts';
import { CommandError } from './output.ts';
import type { Shown, Stack } from './stack.ts';
import type { Found, Source } from './token-file.ts';

/**
 * Refreshes what another program has kept, and stores what comes back as a login's callback does: written down first, so
 * that a check finishes what dies here. A grant that the provider does not accept is not stored.
 * @returns when the new access token ends, ISO 8601
 * @throws {CommandError} where it is not accepted, is somebody else's, or a login came between
 */
export async function takeOver(
  stack: Stack,
  { connectionId, settings, grant: shown }: Shown,
  found: Found,
  authorizedAtMs: number,
  from: Source,
): Promise<string> {
  const { provider } = settings;
  const ports = commandPorts(stack);
  const { grants, tokens, tokenEndpoint, clock, random } = ports;
  /** Undefined if the provider does not answer now. */
  const identify = async (tokenSet: Pick<TokenSet, 'accessToken' | 'subject'>) => {
    const answer = await tokenEndpoint.identify(provider, tokenSet);
    return answer.kind === 'identity' ? hashed(answer.identity, random) : undefined;
  };
  const client = await ports.clients.read(settings.clientSecretName);
  // As long as its access token lives that tells whose it is, and nothing has to be spent to know.
  const known = compareIdentity(shown.identity, (await identify(found)) ?? {});
  if (known === 'other') throw ofAnother(connectionId);

  const versionId = random.uuid();
  const leaseOwner = `import#${versionId}`;
  const login = { versionId, authorizationId: 'import', atMs: clock.nowMs() };
  const before = await readStored(connectionId, tokens);
  const taken = await takeLease(connectionId, leaseOwner, login, ports);
  const { fencingNumber, record, hasDisplaced } = taken;
  const { identity: pinned } = record;
  const giveUp = async () => {
    // Whoever was overtaken may still be storing tokens: a check finishes that, after the lease.
    if (hasDisplaced) return;
    await Promise.all([
      grants.releaseLease(connectionId, leaseOwner),
      grants.endLogin(connectionId, versionId),
    ]);
  };
  if (record.authorizedAtMs !== shown.authorizedAtMs) {
    await giveUp();
    throw new CommandError(`The owner of ${connectionId} has logged in meanwhile: that grant stands.`);
  }
  const askedAtMs = clock.nowMs();
  await forgetOldWrites(connectionId, fencingNumber, record, askedAtMs, grants);
  const fullUntilMs = loginsFullUntilMs(settings, record, askedAtMs);
  if (fullUntilMs !== undefined) {
    await giveUp();
    throw new CommandError(
      `So many logins and ends of ${connectionId} came within a day that its secrets have no room for another grant. Nothing was spent. Run the command again after ${new Date(fullUntilMs).toISOString()}.`,
    );
  }
  const answer = await tokenEndpoint.refresh(provider, client, found.refreshToken);
  if (answer.kind === 'refused') {
    await giveUp();
    throw new CommandError(
      `${refusals(provider.displayName)[answer.refusal]} (${saidIn(answer)}). Nothing was stored.`,
    );
  }
  const tokenSet = { ...answer.tokens, refreshToken: answer.tokens.refreshToken ?? found.refreshToken };
  const notified = await identify(tokenSet);
  const owner = notified ?? {};
  const verdict = compareIdentity(pinned, owner);
  // What was told before the refresh is not lost for not being told again.
  const isKnown = known === 'same' || known === 'fewer';
  if (notified === undefined && verdict === 'unknown' && !isKnown) {
    await holdTokens(settings, { versionId, tokenSet, askedAtMs, authorizedAtMs, fencingNumber }, ports);
    if (!hasDisplaced) await grants.releaseLease(connectionId, leaseOwner);
    await ports.events.record(connectionId, 'identity-unavailable', { from, by: stack.by });
    throw new CommandError(
      `${provider.displayName} cannot be asked now whose grant that is. Its tokens are kept, and the next check takes them over once the account is confirmed. Follow it with grantkeeper history ${connectionId}.`,
    );
  }
  if (verdict === 'other' || (verdict === 'unknown' && !isKnown)) {
    const { refreshToken } = answer.tokens;
    // The old refresh token belongs to the program that has kept it. A new one is nobody's but ours.
    const isOurs = refreshToken !== undefined && !refreshToken.equals(found.refreshToken);
    const revocation =
      isOurs && (await revokeLogin(provider, client, answer.tokens, ports.revocationEndpoint));
    const details = { from, by: stack.by, verdict, ...(revocation && { revocation }) };
    await ports.events.record(connectionId, 'identity-refused', details);
    await giveUp();
    throw ofAnother(connectionId, verdict);
  }
  const identity = pin(pinned, owner);
  const answered = {
    versionId,
    identity,
    tokenSet,
    askedAtMs,
    authorizedAtMs,
    before,
    record,
    fencingNumber,
  };
  const recorded = await storeLogin(settings, answered, ports);
  if (recorded === undefined) {
    throw new CommandError(
      `Another login, or a refresh, has come between, and what stands is its own. See grantkeeper status ${connectionId}, and run the command again if the grant is still the older one.`,
    );
  }
  await ports.events.record(connectionId, 'imported', { from, by: stack.by });
  // Whoever waits for a login needs none any more.
  await endWaits(connectionId, recorded.login ?? login, ports);
  return new Date(recorded.accessExpiresAtMs ?? askedAtMs).toISOString();
}

/** @throws {CommandError} where a login is being completed, or the connection was ended */
async function takeLease(
  connectionId: string,
  leaseOwner: string,
  login: Login,
  ports: CommandPorts,
): Promise<SeizedLease> {
  const taken = await ports.grants.seizeLease(connectionId, leaseOwner, login);
  if (taken !== undefined) return taken;
  const { grant } = await ports.grants.read(connectionId);
  if (isEndedFor(login.authorizationId, grant)) {
    throw new CommandError(`${connectionId} was disconnected meanwhile. Nothing was written.`);
  }
  // One that is recorded, and whose waits nobody has ended: its callback, or its import, died.
  if (grant.login?.closed !== undefined) await endWaits(connectionId, grant.login, ports);
  const again = await ports.grants.seizeLease(connectionId, leaseOwner, login);
  if (again !== undefined) return again;
  throw new CommandError(
    `A login to ${connectionId} is being completed at this moment. Try again in a minute.`,
  );
}

/** As after a login, but for the authorization, which an import has none of. */
async function endWaits(connectionId: string, login: Login, ports: CommandPorts): Promise<void> {
  const { closed } = login;
  for (const wait of [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])]) {
    await supersede(connectionId, wait, ports);
  }
  await ports.grants.endLogin(connectionId, login.versionId);
}

function ofAnother(connectionId: string, verdict: 'other' | 'unknown' = 'other'): CommandError {
  const newOwner = `If a new owner is meant: grantkeeper reauthorize ${connectionId} --new-owner`;
  return new CommandError(
    verdict === 'other'
      ? `That grant is of another account than the one that ${connectionId} is kept for. Nothing was stored. ${newOwner}`
      : `The provider does not tell now whose grant that is, and ${connectionId} is kept for somebody. Nothing was stored; try again. ${newOwner}`,
  );
}

const refusals = (provider: string): Readonly<Record<Refusal, string>> => ({
  'grant-rejected': `${provider} does not accept that grant: it has ended, or is of another app or another provider`,
  'grant-doubted': `${provider} says that the grant has ended, and that it has a fault itself; try again later`,
  'client-rejected': `${provider} does not accept the credentials of the client`,
  contract: `${provider} answered in a way that its data does not allow`,
  unavailable: `${provider} gave no usable answer; try again`,
});
