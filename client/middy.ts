import type middy from '@middy/core';
import type { Context } from 'aws-lambda';

import type { AccessToken } from './access-token.ts';
import type { AccessTokenRequest } from './access-tokens.ts';
import { AccessTokens } from './access-tokens.ts';

export interface AccessTokenMiddlewareOptions extends Omit<AccessTokenRequest, 'instead'> {
  /** One instance for the process by default. */
  readonly tokens?: Pick<AccessTokens, 'get'>;
}

/** The handler's context. */
export interface ContextWithAccessToken extends Context {
  readonly accessToken: AccessToken;
}

/** Middleware for middy that puts a valid token into the context before each invocation. See {@link AccessTokens.get}. */
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
