import type * as pulumi from '@pulumi/pulumi';
import type * as z from 'zod/mini';

import type { contract as browserLogin } from '../functions/browser-login/contract.ts';
import type { contract as callback } from '../functions/callback/contract.ts';
import type { contract as checkGrant } from '../functions/check-grant/contract.ts';
import type { contract as disconnectGrant } from '../functions/disconnect-grant/contract.ts';
import type { contract as notifyOwner } from '../functions/notify-owner/contract.ts';
import type { contract as reauthorize } from '../functions/reauthorize/contract.ts';
import type { contract as refreshTokens } from '../functions/refresh-tokens/contract.ts';
import type { contract as requestBrowserLogin } from '../functions/request-browser-login/contract.ts';
import type { contract as requestReauthorization } from '../functions/request-reauthorization/contract.ts';
import type { contract as showPanel } from '../functions/show-panel/contract.ts';
import type { contract as signIn } from '../functions/sign-in/contract.ts';
import type { contract as takeAction } from '../functions/take-action/contract.ts';
import type { FunctionName } from './bundle.ts';

interface Contracts {
  readonly 'browser-login': typeof browserLogin;
  readonly callback: typeof callback;
  readonly 'check-grant': typeof checkGrant;
  readonly 'disconnect-grant': typeof disconnectGrant;
  readonly 'notify-owner': typeof notifyOwner;
  readonly reauthorize: typeof reauthorize;
  readonly 'refresh-tokens': typeof refreshTokens;
  readonly 'request-browser-login': typeof requestBrowserLogin;
  readonly 'request-reauthorization': typeof requestReauthorization;
  readonly 'show-panel': typeof showPanel;
  readonly 'sign-in': typeof signIn;
  readonly 'take-action': typeof takeAction;
}

type VariablesOf<Name extends FunctionName> = Omit<
  z.input<Contracts[Name]['environment']>,
  // LambdaFunction sets it for all of them.
  'POWERTOOLS_SERVICE_NAME'
>;

/** The variables that a function's contract names. */
export type EnvironmentOf<Name extends FunctionName> = {
  readonly [Variable in keyof VariablesOf<Name>]: pulumi.Input<string>;
};
