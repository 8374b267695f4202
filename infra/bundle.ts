import { buildSync } from 'esbuild';
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

/** Credential providers that Lambda never uses: it gives credentials in the environment. */
const neverLoaded = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-web-identity',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-login',
  '@smithy/credential-provider-imds',
];

let bundles: ReadonlyMap<FunctionName, string> | undefined;

/** The code of a function as it is deployed: one ES module, made once a process. */
export function bundleOf(name: FunctionName): string {
  bundles ??= build();
  return bundles.get(name)!;
}

function build(): ReadonlyMap<FunctionName, string> {
  const { outputFiles } = buildSync({
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
    // CommonJS inside the bundle asks for `require`, which ES modules do not have.
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  return new Map(functionNames.map((name, index) => [name, outputFiles[index]!.text]));
}
