import type { AccessToken } from './access-token.ts';
import type { TokenRequest } from './access-tokens.ts';
import { AccessTokens } from './access-tokens.ts';

export interface AccessTokenMiddlewareOptions extends Omit<TokenRequest, 'instead'> {
  /** One for the process by default. */
  readonly tokens?: Pick<AccessTokens, 'get'>;
  /** Under which name the handler finds it in its context; `accessToken` by default. */
  readonly contextKey?: string;
}

/** For middy: before each invocation the context has an `AccessToken` that lives long enough. */
export function accessToken({
  tokens = new AccessTokens(),
  contextKey = 'accessToken',
  ...request
}: AccessTokenMiddlewareOptions) {
  return {
    before: async ({ context }: { readonly context: object }): Promise<void> => {
      const token: AccessToken = await tokens.get(request);
      Object.assign(context, { [contextKey]: token });
    },
  };
}
