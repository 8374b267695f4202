/** Before all test files: what `infra/bundle.ts` and `local/threads.ts` make, made once, and not again by each of them. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function buildOnce(): Promise<void> {
  const { bundleOf, functionNames } = await import('../../infra/bundle.ts');
  const file = join(tmpdir(), `grantkeeper-bundles-${process.pid}.json`);
  writeFileSync(
    file,
    JSON.stringify(Object.fromEntries(functionNames.map((name) => [name, bundleOf(name)]))),
  );
  process.env.GRANTKEEPER_BUNDLES = file;
  const { threadFile, threadNames } = await import('../../local/threads.ts');
  process.env.GRANTKEEPER_THREADS = JSON.stringify(
    Object.fromEntries(threadNames.map((name) => [name, threadFile(name).href])),
  );
}
