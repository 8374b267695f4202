/** Stands for `local/threads.ts` in test files: the threads' code that it made before them (build-once.ts). */
import type { ThreadName } from '../../local/threads.ts';

const files = JSON.parse(process.env.GRANTKEEPER_THREADS!) as Record<ThreadName, string>;

export function threadFile(name: ThreadName): URL {
  return new URL(files[name]);
}
