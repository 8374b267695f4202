import * as pulumi from '@pulumi/pulumi';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = new URL('../../node_modules/', import.meta.url);
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

/**
 * Changes with the packages, and with where they stand in it: the name of what is uploaded, so that a change of either is
 * published.
 */
export function layerVersion(): string {
  const versions = Object.entries(layerFolders).map(([place, folder]) => {
    const file = place === 'chromium' ? `${folder}/../package.json` : `${folder}/package.json`;
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return `${place.replaceAll('/', '.')}-${version}`;
  });
  return versions.join('-');
}

/** More than Lambda takes directly (50 MB): it goes by way of a bucket. */
export function layerArchive(): pulumi.asset.AssetArchive {
  const folders = Object.entries(layerFolders).map(([name, folder]) => [
    name,
    new pulumi.asset.FileArchive(folder),
  ]);
  return new pulumi.asset.AssetArchive(Object.fromEntries(folders) as pulumi.asset.AssetMap);
}
