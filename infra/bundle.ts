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
 * as the texts they are, they cannot. Takes 50 KB off SES.
 */
const namedTraits: Plugin = {
  name: 'named-traits',
  setup(esbuild) {
    esbuild.onLoad({ filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/.+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const texts = new Map(
        [...source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name!, text!]),
      );
      return {
        contents: source.replaceAll(/\[(_\w+)\]:/g, (key, name: string) =>
          texts.has(name) ? `${texts.get(name)}:` : key,
        ),
      };
    });
  },
};

const bundles = await bundle();

/** The code of a function as it is deployed: one ES module, made when this module is loaded. */
export function bundleOf(name: FunctionName): string {
  return bundles.get(name)!;
}

async function bundle(): Promise<ReadonlyMap<FunctionName, string>> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: functionNames.map((name) => ({ in: `functions/${name}/handler.ts`, out: name })),
    outdir: '.build',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    external: neverLoaded,
    plugins: [namedTraits],
    // CommonJS inside the bundle asks for `require`, which ES modules do not have.
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  // Its process would keep this one from ending.
  await stop();
  return new Map(functionNames.map((name, index) => [name, outputFiles[index]!.text]));
}
