import { buildSync } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The threads beside the cloud's own. */
const entries = { function: 'aws/lambda/worker.ts', brokerage: 'brokerage/worker.ts' } as const;

export type ThreadName = keyof typeof entries;

export const threadNames = Object.keys(entries) as ThreadName[];

const folder = fileURLToPath(new URL('../node_modules/.cache/grantkeeper/', import.meta.url));
const made = new Map<ThreadName, URL>();

/**
 * Bundles the code of a thread into one file on first use. A thread that strips types and resolves modules takes twice as
 * long to start, and a stack has a dozen of them.
 */
export function threadFile(name: ThreadName): URL {
  return made.get(name) ?? make(name);
}

function make(name: ThreadName): URL {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(entries[name], import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // For CommonJS modules in it.
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
  });
  const { text } = outputFiles[0]!;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const file = `${folder}${name}-${hash}.mjs`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
  const url = pathToFileURL(file);
  made.set(name, url);
  return url;
}
