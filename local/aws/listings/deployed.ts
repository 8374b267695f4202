import type { Resources } from '../resources/resources.ts';

/** The resources that the program registered, and when it was brought up: the source of all listings. */
export interface Deployed {
  readonly resources: Resources;
  /** Epoch milliseconds, virtual. */
  readonly atMs: number;
}

/** Nothing is deployed before the front listens. */
export type Look = () => Deployed;
