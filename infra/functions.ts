import type * as pulumi from '@pulumi/pulumi';

import { tokenFunctionSeconds } from '../core/time-limits.ts';
import type { FunctionName } from './bundle.ts';
import type { LambdaFunctionArgs } from './components/function.ts';
import { LambdaFunction } from './components/function.ts';
import type { Permissions } from './permissions.ts';

/**
 * Steps end well before their states do (45 s), pages before the gateway gives up (30 s). A function that spends a token lives
 * longer (core/time-limits.ts). So does the callback: it stores the login even if the browser no longer waits.
 */
const stepTimeoutSeconds = 30;
const pageTimeoutSeconds = 28;

export interface FunctionsArgs {
  readonly prefix: string;
  readonly logRetentionDays: number;
  readonly permissions: Permissions;
  readonly variables: Readonly<
    Record<
      | 'TABLE_NAME'
      | 'SECRET_PREFIX'
      | 'STATE_MACHINE_ARN'
      | 'MAIL_FROM'
      | 'MAIL_CONFIGURATION_SET'
      | 'OPERATOR_TOPIC_ARN',
      pulumi.Input<string>
    >
  >;
}

export type Functions = ReturnType<typeof functionsOf>;

/** Every Lambda function but those of the browser login (infra/browser-login/). */
export function functionsOf({ permissions, variables, ...shared }: FunctionsArgs) {
  // Name variables one by one: the compiler doesn't report a surplus variable that comes from a spread.
  const { TABLE_NAME, SECRET_PREFIX, STATE_MACHINE_ARN, OPERATOR_TOPIC_ARN } = variables;
  const { MAIL_FROM, MAIL_CONFIGURATION_SET } = variables;
  const lambdaFunction = <Name extends FunctionName>(
    functionName: Name,
    row: Pick<LambdaFunctionArgs<Name>, 'description' | 'timeoutSeconds' | 'environment' | 'permissions'>,
  ) => new LambdaFunction(functionName, { functionName, ...shared, ...row });
  return {
    checkGrant: lambdaFunction('check-grant', {
      description: 'Looks at one grant and decides what to do.',
      timeoutSeconds: stepTimeoutSeconds,
      environment: { TABLE_NAME },
      permissions: [...permissions.useConnections, permissions.queryConnections, permissions.readClients],
    }),
    refreshTokens: lambdaFunction('refresh-tokens', {
      description: 'Spends a refresh token once and stores what comes back.',
      timeoutSeconds: tokenFunctionSeconds,
      environment: { TABLE_NAME, SECRET_PREFIX, STATE_MACHINE_ARN },
      permissions: [
        ...permissions.useConnections,
        permissions.queryConnections,
        permissions.readClients,
        permissions.keepTokens,
        permissions.resume,
        permissions.start,
      ],
    }),
    notifyOwner: lambdaFunction('notify-owner', {
      description: 'Tells an owner that a grant nears its end, or is back.',
      timeoutSeconds: stepTimeoutSeconds,
      environment: { TABLE_NAME, STATE_MACHINE_ARN, MAIL_FROM, MAIL_CONFIGURATION_SET, OPERATOR_TOPIC_ARN },
      permissions: [
        ...permissions.useConnections,
        permissions.queryConnections,
        permissions.resume,
        ...permissions.reachOwners,
      ],
    }),
    requestReauthorization: lambdaFunction('request-reauthorization', {
      description: 'Asks an owner to log in, and attaches the execution that waits.',
      timeoutSeconds: stepTimeoutSeconds,
      environment: { TABLE_NAME, STATE_MACHINE_ARN, MAIL_FROM, MAIL_CONFIGURATION_SET, OPERATOR_TOPIC_ARN },
      permissions: [...permissions.useConnections, permissions.resume, ...permissions.reachOwners],
    }),
    disconnectGrant: lambdaFunction('disconnect-grant', {
      description: 'Ends a grant: gives its tokens back to the provider and empties the secrets.',
      timeoutSeconds: tokenFunctionSeconds,
      environment: { TABLE_NAME, SECRET_PREFIX, STATE_MACHINE_ARN },
      permissions: [
        ...permissions.useConnections,
        permissions.queryConnections,
        permissions.readClients,
        permissions.emptySecrets,
        permissions.resume,
      ],
    }),
    reauthorize: lambdaFunction('reauthorize', {
      description: 'The page behind the link, and the way to the provider.',
      timeoutSeconds: pageTimeoutSeconds,
      environment: { TABLE_NAME, STATE_MACHINE_ARN },
      permissions: [...permissions.useConnections, permissions.readClients, permissions.start],
    }),
    callback: lambdaFunction('callback', {
      description: 'The way back from the provider: exchanges the code and stores the tokens.',
      timeoutSeconds: tokenFunctionSeconds,
      environment: { TABLE_NAME, SECRET_PREFIX, STATE_MACHINE_ARN },
      permissions: [
        ...permissions.useConnections,
        permissions.readClients,
        permissions.keepTokens,
        permissions.resume,
        permissions.start,
      ],
    }),
    showPanel: lambdaFunction('show-panel', {
      description: 'The pages of the panel: how every connection stands, and what happened.',
      timeoutSeconds: pageTimeoutSeconds,
      environment: { TABLE_NAME },
      permissions: [
        permissions.readManyConnections,
        permissions.queryConnections,
        permissions.readVisitors,
        permissions.noteVisits,
      ],
    }),
    takeAction: lambdaFunction('take-action', {
      description: "What the panel's buttons do: records who asked, and starts executions.",
      timeoutSeconds: pageTimeoutSeconds,
      environment: { TABLE_NAME, STATE_MACHINE_ARN },
      permissions: [
        ...permissions.useConnections,
        permissions.start,
        permissions.readVisitors,
        permissions.noteVisits,
      ],
    }),
    signIn: lambdaFunction('sign-in', {
      description: 'Links to sign in to the panel, and its sessions.',
      timeoutSeconds: pageTimeoutSeconds,
      environment: { TABLE_NAME, MAIL_FROM, MAIL_CONFIGURATION_SET },
      permissions: [permissions.readPeople, permissions.keepSessions, permissions.sendSignInMail],
    }),
  };
}
