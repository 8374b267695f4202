import type { Force } from './decide.ts';
/** What an operator asks of the workflow by the panel. */
export interface ExecutionRequest {
  readonly connectionId: string;
  readonly trigger: 'panel' | 'operator';
  readonly force?: Force;
  /** Their address. */
  readonly by: string;
}

/** How an execution that waits learns that it need not wait longer. */
export interface Resumption {
  readonly outcome: 'completed' | 'superseded' | 'held';
  readonly done: ('refresh' | 'notify' | 'reauthorize')[];
}
