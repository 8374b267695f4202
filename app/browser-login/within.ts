import { setTimeout as sleep } from 'node:timers/promises';

/** What it comes to; or `otherwise`, where it fails or takes longer than `ms`: not all that Playwright does has a time limit. */
export async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([work.catch(() => otherwise), sleep(ms, otherwise, { ref: false })]);
}
