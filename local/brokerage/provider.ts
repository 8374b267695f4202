import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Provider, interactionPolicy } from 'oidc-provider';
import type { Configuration } from 'oidc-provider';
import { inMemoryAdapter } from './adapter.ts';
import { paths } from './control.ts';
import type { BrokerageLimits, BrokerageOptions } from './control.ts';
import { errorPage } from './pages.ts';

export const loginPath = '/login/';

/** The scope of a request without `scope`; Schwab's token answers say `api`, too. */
export const defaultScope = 'api';

/** oidc-provider, configured as a brokerage: one confidential client, codes and refresh tokens, nothing else. */
export function demoProvider(issuer: string, options: BrokerageOptions, limits: BrokerageLimits): Provider {
  const provider = new Provider(issuer, {
    adapter: inMemoryAdapter(),
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        redirect_uris: [...options.redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientAuthMethods: ['client_secret_basic'],
    responseTypes: ['code'],
    scopes: ['openid', defaultScope],
    claims: { openid: ['sub'] },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    routes: { authorization: paths.authorize, token: paths.token, revocation: paths.revoke },
    allowOmittingSingleRegisteredRedirectUri: false,
    pkce: { required: () => false },
    clockTolerance: 0,
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    jwks: { keys: [signingKey()] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: { enabled: false },
      // Our own `/me`: oidc-provider's userinfo requires the scope `openid`, which is optional here.
      userinfo: { enabled: false },
    },
    ...tokenRules(limits),
    ...askEveryTime(),
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(`${out.error}: ${out.error_description ?? 'no description'}`);
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(`Demo Brokerage: ${error.message}`));
  return provider;
}

function tokenRules(limits: BrokerageLimits): Partial<Configuration> {
  return {
    ttl: {
      AccessToken: limits.accessSeconds,
      AuthorizationCode: limits.codeSeconds,
      // A rotated token keeps the login's `authTime`, which makes the limit absolute.
      RefreshToken: (_ctx, token) =>
        Math.max(1, limits.refreshSeconds - (Math.floor(Date.now() / 1000) - (token.authTime ?? 0))),
      // Access tokens issued just before the end keep their own lifetime.
      Grant: limits.refreshSeconds + limits.accessSeconds,
      IdToken: limits.accessSeconds,
      Interaction: 60 * 60,
      Session: 24 * 60 * 60,
    },
    issueRefreshToken: () => Promise.resolve(true),
    expiresWithSession: () => Promise.resolve(false),
    rotateRefreshToken: limits.rotate,
  };
}

/** Each authorization request needs its own login and consent, as at Schwab; no session is reused. */
function askEveryTime(): Partial<Configuration> {
  const policy = interactionPolicy.base();
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('every_time', 'each authorization needs a login', (ctx) => {
      return ctx.oidc.result?.login === undefined;
    }),
  );
  return {
    interactions: { policy, url: (_ctx, interaction) => loginPath + interaction.uid },
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId);
    },
  };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' };
}
