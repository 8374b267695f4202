import type { Resources } from '../program/inputs.ts';

/** What the program registered, and when it was brought up: what the listings of AWS are made of. */
export interface Deployed {
  readonly resources: Resources;
  /** Epoch milliseconds, virtual. */
  readonly atMs: number;
}

/** Nothing is deployed before the front listens. */
export type Look = () => Deployed;
