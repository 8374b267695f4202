import {
  SFNClient,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';

import type { Workflow } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/** Nobody waits any more: the execution timed out, was resumed before, or was stopped. */
const nobodyWaits = {
  TaskTimedOut: () => undefined,
  TaskDoesNotExist: () => undefined,
  InvalidToken: () => undefined,
};

/** The state machine, as its functions see it. */
export function stepFunctionsWorkflow(stateMachineArn: string): Workflow {
  const client = new SFNClient(clientDefaults);
  return {
    async resume(taskToken, resumption) {
      const command = new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(resumption) });
      await callAws('resuming an execution', () => client.send(command).then(() => undefined), nobodyWaits);
    },

    async fail(taskToken, error) {
      // The shape of a function's own failure, so that the state machine reads both alike.
      const cause = JSON.stringify({ errorType: error.name, errorMessage: error.message });
      const command = new SendTaskFailureCommand({ taskToken, error: error.name, cause });
      await callAws('failing a wait', () => client.send(command).then(() => undefined), nobodyWaits);
    },

    async startForLink(connectionId, authorizationId) {
      const command = new StartExecutionCommand({
        stateMachineArn,
        name: `${connectionId}-auth-${authorizationId}`,
        input: JSON.stringify({ connectionId, trigger: 'link', force: 'reauthorize', authorizationId }),
      });
      await callAws('starting an execution', () => client.send(command).then(() => undefined), {
        ExecutionAlreadyExists: () => undefined,
      });
    },
  };
}
