/** How long functions take to load, beside Node alone, and beside the bare clients of the SDK that they need. */
import { build, stop } from 'esbuild';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleOf, deployed, functionNames } from '../../infra/bundle.ts';
import { loadedAfterMs, median } from '../../tools/cold-start.ts';

export interface Start {
  readonly name: string;
  /** Milliseconds, less those of a process that loads nothing. */
  readonly initMs: number;
  readonly clientsMs: number;
  readonly ratio: number;
  /** Milliseconds of a process that loads nothing. */
  readonly emptyMs: number;
  /** Of one that loads the function to one that loads nothing. */
  readonly ratioToEmpty: number;
  /** Services whose clients it makes at its start. */
  readonly clients: readonly string[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @param runs of each, one after the other in turn, so that whatever slows the machine slows all of them */
export async function measureStarts(runs: number): Promise<Start[]> {
  const folder = mkdtempSync(join(tmpdir(), 'grantkeeper-bench-'));
  try {
    const pairs = [];
    for (const name of functionNames) {
      const { files, modules } = bundleOf(name);
      const used = clientsIn(modules);
      pairs.push({
        name,
        clients: [...used.keys()].map((module) => module.replace('@aws-sdk/client-', '')),
        own: written(folder, name, files),
        bare: written(folder, `${name}-clients`, { 'index.mjs': await bareBundle(used) }),
      });
    }
    await stop();
    const empty: number[] = [];
    const times = new Map(pairs.map(({ name }) => [name, { own: [] as number[], bare: [] as number[] }]));
    for (let run = 0; run < runs; run++) {
      empty.push(loadedAfterMs());
      for (const { name, own, bare } of pairs) {
        times.get(name)!.bare.push(loadedAfterMs(bare));
        times.get(name)!.own.push(loadedAfterMs(own));
      }
    }
    const emptyMs = median(empty);
    return pairs.map(({ name, clients }) => {
      const initMs = median(times.get(name)!.own) - emptyMs;
      const clientsMs = median(times.get(name)!.bare) - emptyMs;
      return {
        name,
        initMs,
        clientsMs,
        ratio: initMs / clientsMs,
        emptyMs,
        ratioToEmpty: (emptyMs + initMs) / emptyMs,
        clients,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What of each client the adapters among these modules import: it, and its commands. */
function clientsIn(modules: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const module of modules) {
    const source = readFileSync(join(root, module), 'utf8');
    for (const [, names = '', from = ''] of source.matchAll(
      /^import \{([^}]+)\} from '(@aws-sdk\/client-[^']+)'/gm,
    )) {
      const known = used.get(from) ?? new Set<string>();
      for (const name of names.split(',')) if (name.trim() !== '') known.add(name.trim());
      used.set(from, known);
    }
  }
  return used;
}

/** The clients made, and their commands kept, bundled as functions are. */
async function bareBundle(used: ReadonlyMap<string, ReadonlySet<string>>): Promise<string> {
  const lines = [...used].flatMap(([module, names]) => [
    `import { ${[...names].join(', ')} } from '${module}';`,
    ...[...names].map((name) =>
      name.endsWith('Client')
        ? `globalThis.kept = [globalThis.kept, new ${name}({})];`
        : `globalThis.kept = [globalThis.kept, ${name}];`,
    ),
  ]);
  const { outputFiles } = await build({
    ...deployed,
    stdin: { contents: lines.join('\n'), resolveDir: root },
  });
  return outputFiles[0]!.text;
}

/** @returns the path of its `index.mjs` */
function written(folder: string, name: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return join(folder, name, 'index.mjs');
}
