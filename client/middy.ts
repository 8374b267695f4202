import type middy from '@middy/core';
import type { Context } from 'aws-lambda';

import type { AccessToken } from './access-token.ts';
import type { AccessTokenRequest } from './access-tokens.ts';
import { AccessTokens } from './access-tokens.ts';

export interface AccessTokenMiddlewareOptions extends Omit<AccessTokenRequest, 'instead'> {
  /** One for the process by default. */
  readonly tokens?: Pick<AccessTokens, 'get'>;
}

/** What the handler finds in its context. */
export interface ContextWithAccessToken extends Context {
  readonly accessToken: AccessToken;
}

/** For middy: before each invocation the context has a token that lives long enough. See {@link AccessTokens.get}. */
export function accessToken({
  tokens = new AccessTokens(),
  ...request
}: AccessTokenMiddlewareOptions): middy.MiddlewareObj<unknown, unknown, Error, ContextWithAccessToken> {
  return {
    before: async ({ context }): Promise<void> => {
      Object.assign(context, { accessToken: await tokens.get(request) });
    },
  };
}
