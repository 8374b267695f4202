/** Builds client/dist from client/: plain JavaScript with types, for publishing. */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}client/dist`;

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['client/index.ts', 'client/middy.ts'],
  outdir,
  bundle: true,
  // The consumer brings the AWS SDK. Lambda has it already.
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  logLevel: 'warning',
});
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}client`],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
