import type { Force } from './decide.ts';
/** A request to the workflow from the panel. */
export interface ExecutionRequest {
  readonly connectionId: string;
  readonly trigger: 'panel' | 'operator';
  readonly force?: Force;
  /** Address of the person who asked. */
  readonly by: string;
}

/** The output with which a waiting execution continues. */
export interface Resumption {
  readonly outcome: 'completed' | 'superseded' | 'held';
  readonly done: ('refresh' | 'notify' | 'reauthorize')[];
}
