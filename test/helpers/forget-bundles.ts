import { rmSync } from 'node:fs';

export default function forgetBundles(): void {
  rmSync(process.env.GRANTKEEPER_BUNDLES!, { force: true });
}
