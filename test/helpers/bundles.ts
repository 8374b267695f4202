/** Stands for `infra/bundle.ts` in test files: the bundles that it made before them (build-once.ts). */
import { readFileSync } from 'node:fs';

import type { Bundle, FunctionName } from '../../infra/bundle.ts';

const bundles = JSON.parse(readFileSync(process.env.GRANTKEEPER_BUNDLES!, 'utf8')) as Record<
  FunctionName,
  Bundle
>;

export const functionNames = Object.keys(bundles) as FunctionName[];

export function bundleOf(name: FunctionName): Bundle {
  return bundles[name];
}
