import { SFNClient, SendTaskSuccessCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';

import { executionOfLink } from '../core/link.ts';
import type { Workflow } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/** Errors for an execution that timed out, was resumed already, or was stopped. */
const nobodyWaits = {
  TaskTimedOut: () => undefined,
  TaskDoesNotExist: () => undefined,
  InvalidToken: () => undefined,
};

/** Starts and resumes executions of the state machine. */
export function stepFunctionsWorkflow(stateMachineArn: string): Workflow {
  const client = new SFNClient(clientDefaults);
  return {
    async resume(taskTokens, resumption) {
      const output = JSON.stringify(resumption);
      const resumeOne = (taskToken: string) =>
        callAws(
          'resuming an execution',
          () => client.send(new SendTaskSuccessCommand({ taskToken, output })).then(() => undefined),
          nobodyWaits,
        );
      await Promise.all(taskTokens.map(resumeOne));
    },

    async report(connectionId, step, error) {
      const report = { step, error: error.name, reason: error.message };
      const input = JSON.stringify({ connectionId, trigger: 'link', report });
      const command = new StartExecutionCommand({ stateMachineArn, input });
      await callAws('reporting a fault', () => client.send(command).then(() => undefined));
    },

    async refreshNow(connectionId) {
      const input = JSON.stringify({ connectionId, trigger: 'link', force: 'refresh' });
      const command = new StartExecutionCommand({ stateMachineArn, input });
      await callAws('starting an execution', () => client.send(command).then(() => undefined));
    },

    async startExecution(request, name) {
      const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(request) });
      return callAws<string | undefined>(
        'starting an execution',
        () => client.send(command).then(({ executionArn }) => executionArn),
        { ExecutionAlreadyExists: () => undefined },
      );
    },

    async startForLink(connectionId, authorizationId) {
      const command = new StartExecutionCommand({
        stateMachineArn,
        name: executionOfLink({ connectionId, authorizationId }),
        input: JSON.stringify({ connectionId, trigger: 'link', force: 'reauthorize', authorizationId }),
      });
      return callAws<string | undefined>(
        'starting an execution',
        () => client.send(command).then(({ executionArn }) => executionArn),
        { ExecutionAlreadyExists: () => undefined },
      );
    },
  };
}
