import type { Plugin } from 'esbuild';
import { build, stop } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Every function of the house: its folder, and the last part of its name. */
export const functionNames = [
  'check-grant',
  'refresh-tokens',
  'notify-owner',
  'request-reauthorization',
  'reauthorize',
  'callback',
] as const;

export type FunctionName = (typeof functionNames)[number];

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What the SDK imports only when it needs it, and never does here: Lambda gives credentials in the environment,
 * and no call of ours streams events. Bundled, it would be dead weight, and wrapped so that nothing shakes off.
 */
const neverLoaded = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-web-identity',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-login',
  '@smithy/credential-provider-imds',
  '@smithy/core/event-streams',
];

/**
 * Lets esbuild drop the schemas of calls that are never made. A client names the traits of its schemas by
 * constants in computed keys, `{ [_h]: … }`, which for all esbuild knows may do something when evaluated; written
 * as the texts they are, they cannot. It also has a class for each error of the service, registered so that an answer finds
 * its own; unregistered, an error is the service's general one with the same name, which is all that `callAws` looks at.
 */
const usedSchemas: Plugin = {
  name: 'used-schemas',
  setup(esbuild) {
    esbuild.onLoad({ filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/.+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const texts = new Map(
        [...source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name!, text!]),
      );
      return {
        contents: source
          .replaceAll(/\[(_\w+)\]:/g, (key, name: string) => (texts.has(name) ? `${texts.get(name)}:` : key))
          .replaceAll(/^n0_registry\.registerError\(.*\);$/gm, ''),
      };
    });
  },
};

/** A client tells its version in the user agent, and would bring its whole package.json for that. */
const versionOnly: Plugin = {
  name: 'version-only',
  setup(esbuild) {
    esbuild.onLoad({ filter: /@aws-sdk\/client-[^/]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** The code of a function as it is deployed. */
export interface Bundle {
  /** By their names in the archive: `index.mjs`, and chunks of it. */
  readonly files: Readonly<Record<string, string>>;
  /** Of those that are loaded at the start. The rest is what few owners have: text messages, chats. */
  readonly startBytes: number;
}

const bundles = await bundleAll();

/** Made when this module is loaded. */
export function bundleOf(name: FunctionName): Bundle {
  return bundles.get(name)!;
}

async function bundleAll(): Promise<ReadonlyMap<FunctionName, Bundle>> {
  const made = await Promise.all(functionNames.map(async (name) => [name, await bundle(name)] as const));
  // Its process would keep this one from ending.
  await stop();
  return new Map(made);
}

async function bundle(name: FunctionName): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: `functions/${name}/handler.ts`, out: 'index' }],
    outdir: '.build',
    write: false,
    bundle: true,
    splitting: true,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    external: neverLoaded,
    plugins: [usedSchemas, versionOnly],
    // CommonJS inside the bundle asks for `require`, which ES modules do not have.
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  const { outputs } = metafile;
  const atStart = new Set<string>();
  const load = (path: string): void => {
    if (atStart.has(path)) return;
    atStart.add(path);
    for (const { path: imported, kind, external } of outputs[path]!.imports) {
      if (kind === 'import-statement' && !external) load(imported);
    }
  };
  load('.build/index.mjs');
  return {
    files: Object.fromEntries(
      outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]),
    ),
    startBytes: [...atStart].reduce((bytes, path) => bytes + outputs[path]!.bytes, 0),
  };
}
