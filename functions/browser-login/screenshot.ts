import { setTimeout as sleep } from 'node:timers/promises';

import type { Page } from 'playwright-core';

/**
 * How the page looks, for whoever has to find out what happened: every input is masked, and whatever else shows what
 * was typed. Undefined where none can be had.
 * @returns JPEG, base64
 */
export async function maskedScreenshot(page: Page, typed: readonly string[]): Promise<string | undefined> {
  try {
    // A page that does not come would be waited for.
    const devTools = await page.context().newCDPSession(page);
    const stopping = devTools.send('Page.stopLoading').catch(() => undefined);
    await Promise.race([stopping, sleep(1_000, undefined, { ref: false })]);
    const mask = page
      .frames()
      .flatMap((frame) => [
        frame.locator('input, textarea, select, [contenteditable]'),
        ...typed.filter((text) => text.length > 2).map((text) => frame.getByText(text)),
      ]);
    const image = await page.screenshot({
      type: 'jpeg',
      quality: 60,
      timeout: 5_000,
      animations: 'disabled',
      mask,
      maskColor: '#555',
    });
    return image.toString('base64');
  } catch {
    return undefined;
  }
}
