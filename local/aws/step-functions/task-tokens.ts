import { randomBytes } from 'node:crypto';
import { AwsError } from '../errors.ts';
import type { Json } from './json.ts';
import type { StateFailure } from './failure.ts';

export type TokenOutcome = { readonly output: Json } | { readonly failure: StateFailure };

/** A task that waits for its token, or did so once. */
interface Task {
  readonly stateMachineArn: string;
  /** Undefined once the task has ended. */
  settle: ((outcome: TokenOutcome) => void) | undefined;
}

/** AWS's tokens are opaque; these are random. */
const tokenPattern = /^AQC[A-Za-z0-9_-]{86}$/;

/** The task tokens issued so far. */
export class TaskTokens {
  readonly #tasks = new Map<string, Task>();

  /** Issues a token for a task that is about to begin. */
  issue(stateMachineArn: string, settle: (outcome: TokenOutcome) => void): string {
    const token = `AQC${randomBytes(64).toString('base64url')}`;
    this.#tasks.set(token, { stateMachineArn, settle });
    return token;
  }

  /** Invalidates the token of a task that has ended. */
  close(token: string): void {
    const task = this.#tasks.get(token);
    if (task) task.settle = undefined;
  }

  /**
   * @throws {AwsError} `InvalidToken` for a malformed token, `TaskDoesNotExist` for one that was never issued
   * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html#API_SendTaskSuccess_Errors
   */
  find(token: string): { stateMachineArn: string; settle: (outcome: TokenOutcome) => void } {
    if (!tokenPattern.test(token)) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    const task = this.#tasks.get(token);
    if (!task) throw new AwsError('TaskDoesNotExist', "Task Does Not Exist: 'Provided task does not exist'");
    return {
      stateMachineArn: task.stateMachineArn,
      settle: (outcome) => {
        const { settle } = task;
        // "The task token has either expired or the task associated with the token has already been closed."
        if (!settle)
          throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
        task.settle = undefined;
        settle(outcome);
      },
    };
  }
}
