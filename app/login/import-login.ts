import type { Grant } from '../../core/grant.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import type { Clients, Grants, Random, RevocationEndpoint, TokenEndpoint } from '../../core/ports.ts';
import type { Said, TokenSet } from '../../core/token-answer.ts';
import type { TokenRefusal } from '../../core/token-refusal.ts';
import type { Secret } from '../../core/secret.ts';
import type { Settings } from '../../core/settings.ts';
import type { BeginLoginAnswer, BeginLoginPorts } from './begin-login.ts';
import { abandonLogin, beginLogin } from './begin-login.ts';
import { completeImport } from './complete-login.ts';
import { hashed } from './hashed-identity.ts';
import { revokeLogin } from './revoke-login.ts';
import { holdLogin, storeLogin } from './store-login.ts';

export interface ImportLoginPorts extends BeginLoginPorts {
  readonly grants: BeginLoginPorts['grants'] & Pick<Grants, 'recordTokens' | 'holdTokens'>;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'refresh' | 'identify'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly random: Random;
}

/** A grant of another program. */
export interface ForeignGrant {
  readonly tokens: Pick<TokenSet, 'accessToken' | 'subject'> & { readonly refreshToken: Secret };
  readonly authorizedAtMs: number;
  /** Its source, for the timeline. */
  readonly details: Record<string, string>;
}

export type ImportLoginAnswer =
  | { readonly kind: 'imported'; readonly accessExpiresAtMs: number }
  /** The tokens are stored; a later check verifies the account. */
  | { readonly kind: 'held' }
  | { readonly kind: 'other-account' | 'account-unknown' }
  /** The owner has logged in since the operator looked. */
  | { readonly kind: 'logged-in' }
  /** A newer login has begun while this one was stored. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'refused'; readonly answer: Said & { readonly refusal: TokenRefusal } }
  | Exclude<BeginLoginAnswer, { kind: 'begun' }>;

/**
 * Refreshes a grant of another program, and stores the new tokens as a login. Stores nothing that the provider does not accept.
 * @param shown the record that the operator saw
 */
export async function importLogin(
  settings: Settings,
  shown: Grant,
  foreign: ForeignGrant,
  ports: ImportLoginPorts,
): Promise<ImportLoginAnswer> {
  const { connectionId, provider } = settings;
  const { tokens, authorizedAtMs, details } = foreign;
  const { clock, random, events } = ports;
  const client = await ports.clients.read(settings.clientSecretName);
  // If its access token lives, identify the account before anything is spent.
  const known = compareIdentity(shown.identity, (await identityOf(settings, tokens, ports)) ?? {});
  if (known === 'other') return { kind: 'other-account' };

  const login = { versionId: random.uuid(), authorizationId: 'import', atMs: clock.nowMs() };
  const began = await beginLogin(settings, login, 'import', ports);
  if (began.kind !== 'begun') return began;
  const { begun } = began;
  const { record } = begun;
  if (record.authorizedAtMs !== shown.authorizedAtMs) {
    await abandonLogin(connectionId, begun, ports);
    return { kind: 'logged-in' };
  }
  const askedAtMs = clock.nowMs();
  const answer = await ports.tokenEndpoint.refresh(provider, client, tokens.refreshToken);
  if (answer.kind === 'refused') {
    await abandonLogin(connectionId, begun, ports);
    return { kind: 'refused', answer };
  }
  const tokenSet = { ...answer.tokens, refreshToken: answer.tokens.refreshToken ?? tokens.refreshToken };
  const issued = { ...begun, tokenSet, askedAtMs, authorizedAtMs };
  const found = await identityOf(settings, tokenSet, ports);
  const verdict = compareIdentity(record.identity, found ?? {});
  // The provider may identify the account before the refresh, but not after it.
  const isKnown = known === 'same' || known === 'fewer';
  if (verdict === 'other' || (verdict === 'unknown' && !isKnown)) {
    if (verdict === 'unknown' && found === undefined) {
      await holdLogin(settings, issued, ports);
      await events.record(connectionId, 'identity-unavailable', details);
      return { kind: 'held' };
    }
    // The old refresh token belongs to the other program. A new one is ours alone.
    const isOurs = !tokenSet.refreshToken.equals(tokens.refreshToken);
    const revocation =
      isOurs && (await revokeLogin(provider, client, answer.tokens, ports.revocationEndpoint));
    const refusal = { ...details, verdict, ...(revocation && { revocation }) };
    await events.record(connectionId, 'identity-refused', refusal);
    await abandonLogin(connectionId, begun, ports);
    return { kind: verdict === 'other' ? 'other-account' : 'account-unknown' };
  }
  const identity = pin(record.identity, found ?? {});
  const recorded = await storeLogin(settings, { ...issued, identity }, ports);
  if (recorded === undefined) return { kind: 'overtaken' };
  await events.record(connectionId, 'imported', details);
  await completeImport(connectionId, recorded.login ?? login, ports);
  return { kind: 'imported', accessExpiresAtMs: recorded.accessExpiresAtMs ?? askedAtMs };
}

/** Undefined if the provider does not answer now. */
async function identityOf(
  { provider }: Settings,
  tokens: Pick<TokenSet, 'accessToken' | 'subject'>,
  { tokenEndpoint, random }: ImportLoginPorts,
) {
  const answer = await tokenEndpoint.identify(provider, tokens);
  return answer.kind === 'identity' ? hashed(answer.identity, random) : undefined;
}
