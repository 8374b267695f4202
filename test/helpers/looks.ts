import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** Where to leave screenshots for somebody to look at: `SCREENSHOTS=<folder> npm test -- test/browser`. */
const folder = process.env.SCREENSHOTS;
if (folder !== undefined) mkdirSync(folder, { recursive: true });

const looks = [
  [360, 'light'],
  [1200, 'dark'],
] as const;

/** A narrow and a wide picture of the page as it is now. */
export async function picture(page: Page, name: string): Promise<void> {
  if (folder === undefined) return;
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: 720 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/**
 * What axe-core finds serious or critical on the page, narrow and light, wide and dark; and whether it has to be scrolled
 * sideways.
 */
export async function flaws(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: 720 });
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe);
    const violations = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)');
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue;
      found.push(
        ...nodes.map(
          ({ target, failureSummary }) =>
            `${width} ${colorScheme} ${id}: ${target.join(' ')}: ${failureSummary}`,
        ),
      );
    }
    if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
      found.push(`${width} scrolls sideways`);
  }
  return found;
}
