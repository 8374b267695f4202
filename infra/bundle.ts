import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { build, stop } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Every function of the house: its folder, and the last part of its name. */
export const functionNames = [
  'check-grant',
  'refresh-tokens',
  'notify-owner',
  'request-reauthorization',
  'disconnect-grant',
  'reauthorize',
  'callback',
  'show-panel',
  'take-action',
  'sign-in',
  'request-browser-login',
  'browser-login',
] as const;

export type FunctionName = (typeof functionNames)[number];

/** These load text messages and chats when they are used; the others have nothing to put off. */
const split: readonly FunctionName[] = ['notify-owner', 'request-reauthorization'];

/** These bring a client that knows calls which stream events, and asks for that when it is made. */
const streaming: readonly FunctionName[] = ['request-browser-login'];

/** What `show-panel` hands to browsers, beside its own code. */
const browserFiles = {
  'panel.js': 'panel/panel.ts',
  'owner.js': 'panel/owner.ts',
  'panel.css': 'panel/panel.css',
} as const;

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What the SDK imports only when it needs it, and never does here: Lambda gives credentials in the environment,
 * and no call of ours streams events. Bundled, it would be dead weight, and wrapped so that nothing shakes off.
 */
const eventStreams = '@smithy/core/event-streams';
const neverLoaded = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-web-identity',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-login',
  '@smithy/credential-provider-imds',
  eventStreams,
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

/**
 * Modules of the SDK for cases that never come, each with one export of its own name. An empty class takes its place: if
 * a case came after all, the call would fail at once.
 */
const neverUsed = [
  // No command here asks DynamoDB for endpoints: https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoint-discovery.html
  'endpoint-cache/dist-es/EndpointCache',
  // For a Node.js that is built without OpenSSL.
  'checksum/sha256/Sha256Js',
  // For a machine whose environment names no region; Lambda's does.
  'regionConfig/getInstanceMetadataRegion',
  // For the retry mode `adaptive`: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
  'util-retry/AdaptiveRetryStrategy',
];

const withoutNeverUsed: Plugin = {
  name: 'without-never-used',
  setup(esbuild) {
    const filter = new RegExp(`/(${neverUsed.join('|')})\\.js$`);
    esbuild.onLoad({ filter }, ({ path }) => ({
      contents: `export class ${path.slice(path.lastIndexOf('/') + 1, -'.js'.length)} {}`,
    }));
  },
};

/** How code becomes what is deployed; the benchmark bundles what it compares with in the same way. */
export const deployed = {
  absWorkingDir: root,
  write: false,
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  legalComments: 'none',
  mainFields: ['module', 'main'],
  conditions: ['module'],
  external: neverLoaded,
  plugins: [usedSchemas, versionOnly, withoutNeverUsed],
  // CommonJS inside the bundle asks for `require`, which ES modules do not have.
  banner: {
    js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  },
  logLevel: 'silent',
} satisfies BuildOptions;

/** The code of a function as it is deployed. */
export interface Bundle {
  /** By their names in the archive: `index.mjs`, and chunks of it. */
  readonly files: Readonly<Record<string, string>>;
  /** Of those that are loaded at the start. The rest is what few owners have: text messages, chats. */
  readonly startBytes: number;
  /** Of ours, what is in those: paths from the root. */
  readonly modules: readonly string[];
}

const bundles = await bundleAll();

/** Made when this module is loaded. */
export function bundleOf(name: FunctionName): Bundle {
  return bundles.get(name)!;
}

async function bundleAll(): Promise<ReadonlyMap<FunctionName, Bundle>> {
  const whole = functionNames.filter((name) => !split.includes(name) && !streaming.includes(name));
  const [browser, ...made] = await Promise.all([
    bundleBrowser(),
    bundle(whole),
    bundle(split, { splitting: true }),
    bundle(streaming, {
      splitting: true,
      external: neverLoaded.filter((path) => path !== eventStreams),
    }),
  ]);
  // Its process would keep this one from ending.
  await stop();
  const bundles = new Map(made.flat());
  const panel = bundles.get('show-panel')!;
  return bundles.set('show-panel', { ...panel, files: { ...panel.files, ...browser } });
}

/** For browsers of the last years: what they lack is not made up for. */
async function bundleBrowser(): Promise<Readonly<Record<string, string>>> {
  const texts = Object.entries(browserFiles).map(async ([name, entry]) => {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      write: false,
      bundle: true,
      platform: 'browser',
      target: 'es2022',
      format: 'esm',
      minify: true,
      legalComments: 'none',
      logLevel: 'silent',
    });
    return [name, outputFiles[0]!.text] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

async function bundle(
  names: readonly FunctionName[],
  more: Pick<BuildOptions, 'splitting' | 'external'> = {},
): Promise<[FunctionName, Bundle][]> {
  const { outputFiles, metafile } = await build({
    ...deployed,
    entryPoints: names.map((name) => ({ in: `functions/${name}/handler.ts`, out: name })),
    outdir: '.build',
    ...more,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]));
  return names.map((name) => {
    const entry = `${name}.mjs`;
    const files = reachedFrom(entry, metafile, () => true);
    const atStart = reachedFrom(entry, metafile, (kind) => kind === 'import-statement');
    return [
      name,
      {
        files: Object.fromEntries(
          [...files].map((file) => [file === entry ? 'index.mjs' : file, texts.get(file)!]),
        ),
        startBytes: [...atStart].reduce(
          (bytes, file) => bytes + metafile.outputs[`.build/${file}`]!.bytes,
          0,
        ),
        modules: [...atStart].flatMap((file) =>
          Object.entries(metafile.outputs[`.build/${file}`]!.inputs)
            .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && !path.includes('node_modules/'))
            .map(([path]) => path),
        ),
      },
    ];
  });
}

/** A file, and all that it imports in such a way. */
function reachedFrom(
  file: string,
  metafile: Metafile,
  counts: (kind: string) => boolean,
  reached = new Set<string>(),
): ReadonlySet<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  for (const { path, kind, external } of metafile.outputs[`.build/${file}`]!.imports) {
    if (!external && counts(kind)) reachedFrom(path.slice('.build/'.length), metafile, counts, reached);
  }
  return reached;
}
