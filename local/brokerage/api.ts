import type { Provider } from 'oidc-provider';
import { paths } from './control.ts';
import type { Grants } from './grants.ts';

type Middleware = Parameters<Provider['use']>[0];

/**
 * The API behind access tokens (bearer, RFC 6750): `/me` answers with the owner and the accounts, so that a client can
 * pin them. The other route lists the accounts as Schwab does.
 */
export function api(provider: Provider, grants: Grants): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== paths.identity && ctx.path !== paths.accounts) {
      await next();
      return;
    }
    ctx.set('Cache-Control', 'no-store');
    const value = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'))?.[1];
    const token = value === undefined ? undefined : await provider.AccessToken.find(value);
    const grant = token?.grantId === undefined ? undefined : await provider.Grant.find(token.grantId);
    if (token?.grantId !== undefined && grant) {
      const accounts = grants.accountsOf(token.grantId);
      ctx.body =
        ctx.path === paths.identity
          ? { sub: token.accountId, accounts }
          : accounts.map((accountNumber) => ({ accountNumber, hashValue: `hash-of-${accountNumber}` }));
      return;
    }
    // RFC 6750 §3.1: no error code for a request without a token.
    ctx.set('WWW-Authenticate', value === undefined ? 'Bearer' : 'Bearer error="invalid_token"');
    ctx.status = 401;
    ctx.body = { error: 'invalid_token' };
  };
}
