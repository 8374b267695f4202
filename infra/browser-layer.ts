import * as pulumi from '@pulumi/pulumi';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = new URL('../node_modules/', import.meta.url);
const folderOf = (path: string) => fileURLToPath(new URL(path, modules));

/** What is in the layer, by where it stands under `/opt`. */
export const layerFolders = {
  // Brotli: the function unpacks them. The package has them for x86_64 alone.
  chromium: folderOf('@sparticuz/chromium/bin'),
  // Where Lambda's runtime looks for modules: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-layers.html
  'nodejs/node_modules/playwright-core': folderOf('playwright-core'),
} as const;

/** The only architecture that the package has Chromium for. */
export const browserArchitecture = 'x86_64';

/** Where the function finds the former. */
export const chromiumFolder = '/opt/chromium';

/** Changes whenever the content does, and only then: the name of what is uploaded. */
export function layerVersion(): string {
  const versionOf = (name: string) =>
    (JSON.parse(readFileSync(folderOf(`${name}/package.json`), 'utf8')) as { version: string }).version;
  return `chromium-${versionOf('@sparticuz/chromium')}-playwright-${versionOf('playwright-core')}`;
}

/** More than Lambda takes directly (50 MB): it goes by way of a bucket. */
export function layerArchive(): pulumi.asset.AssetArchive {
  const folders = Object.entries(layerFolders).map(([name, folder]) => [
    name,
    new pulumi.asset.FileArchive(folder),
  ]);
  return new pulumi.asset.AssetArchive(Object.fromEntries(folders) as pulumi.asset.AssetMap);
}
