import { dynamoAuthorizations } from '../adapters/authorizations.ts';
import { dynamoGrants } from '../adapters/grants.ts';
import {
  patientSecretsManager,
  secretsManager,
  secretsManagerClients,
  secretsManagerTokens,
} from '../adapters/secrets.ts';
import { systemRandom as random } from '../adapters/system.ts';
import { dynamoEvents } from '../adapters/timeline.ts';
import { oauthTokenEndpoint } from '../adapters/token-endpoint.ts';
import { stepFunctionsWorkflow } from '../adapters/workflow.ts';
import type { Identity } from '../core/identity.ts';
import { compareIdentity, pin } from '../core/identity.ts';
import type { TokenSet } from '../core/ports.ts';
import type { Refusal } from '../core/token-answer.ts';
import { hashed } from '../functions/hashed-identity.ts';
import { supersede } from '../functions/offer.ts';
import { readStored, storeLogin } from '../functions/store-login.ts';
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
  { name, table, clock, by }: Stack,
  { connectionId, settings }: Shown,
  found: Found,
  authorizedAtMs: number,
  from: Source,
): Promise<string> {
  const { provider } = settings;
  const grants = dynamoGrants(table);
  const secrets = secretsManager();
  const tokens = secretsManagerTokens(`grantkeeper/${name}`, secrets, patientSecretsManager(secrets));
  const tokenEndpoint = oauthTokenEndpoint({ timeoutMs: 10_000 });
  const identify = async (tokenSet: TokenSet) =>
    hashed(await tokenEndpoint.identify(provider, tokenSet), random);
  const client = await secretsManagerClients(secrets).read(settings.clientSecretName);
  const { grant } = await grants.read(connectionId);
  // As long as its access token lives that tells whose it is, and nothing has to be spent to know.
  refuseOther(grant.identity, await identify(found), connectionId);

  const versionId = random.uuid();
  const leaseOwner = `import#${versionId}`;
  const login = { versionId, authorizationId: 'import', atMs: clock.nowMs() };
  const before = await readStored(connectionId, tokens);
  const taken = await grants.takeLeaseOver(connectionId, leaseOwner, login);
  if (taken === undefined)
    throw new CommandError(
      `A login to ${connectionId} is being completed at this moment. Try again in a minute.`,
    );
  const { fencingNumber, identity: pinned, hasOvertaken } = taken;
  const askedAtMs = clock.nowMs();
  const answer = await tokenEndpoint.refresh(provider, client, found.refreshToken);
  if (answer.kind === 'refused') {
    // Whoever was overtaken may still be storing tokens: a check finishes that, after the lease.
    if (!hasOvertaken) {
      await Promise.all([
        grants.releaseLease(connectionId, leaseOwner),
        grants.endLogin(connectionId, versionId),
      ]);
    }
    throw new CommandError(
      `${refusals(provider.displayName)[answer.refusal]} (${answer.error}). Nothing was stored.`,
    );
  }
  const tokenSet = { ...answer.tokens, refreshToken: answer.tokens.refreshToken ?? found.refreshToken };
  const identity = pin(pinned, await identify(tokenSet));
  const answered = { versionId, identity, tokenSet, askedAtMs, authorizedAtMs, before, fencingNumber };
  const recorded = await storeLogin(settings, answered, { grants, tokens, random });
  if (recorded === undefined)
    throw new CommandError(`The owner of ${connectionId} has logged in meanwhile: that grant stands.`);

  // Whoever waits for a login needs none any more.
  const ports = { authorizations: dynamoAuthorizations(table), workflow: stepFunctionsWorkflow(''), clock };
  const { closed } = recorded.login ?? {};
  for (const wait of [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])]) {
    await supersede(connectionId, wait, ports);
  }
  await dynamoEvents(table, clock, random).record(connectionId, 'imported', { from, by });
  await grants.endLogin(connectionId, versionId);
  return new Date(recorded.accessExpiresAtMs ?? askedAtMs).toISOString();
}

function refuseOther(pinned: Identity | undefined, found: Identity, connectionId: string): void {
  if (compareIdentity(pinned, found) !== 'other') return;
  throw new CommandError(
    `That grant is of another account than the one that ${connectionId} is kept for. Nothing was written. If a new owner is meant: grantkeeper reauthorize ${connectionId} --new-owner`,
  );
}

const refusals = (provider: string): Readonly<Record<Refusal, string>> => ({
  'grant-rejected': `${provider} does not accept that grant: it has ended, or is of another app or another provider`,
  'client-rejected': `${provider} does not accept the credentials of the client`,
  contract: `${provider} answered in a way that its data does not allow`,
  unavailable: `${provider} gave no usable answer; try again`,
});
