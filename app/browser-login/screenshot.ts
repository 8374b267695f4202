import type { Page } from 'playwright-core';

import { within } from './within.ts';

/** Twice as long is within the time that the function has left after a walk. */
const pictureMs = 4_000;

/**
 * How the page looks, for whoever has to find out what happened: every input is masked, and every text that has what was
 * typed. Undefined where none can be had.
 * @returns JPEG, base64
 */
export async function maskedScreenshot(page: Page, typed: readonly string[]): Promise<string | undefined> {
  // A page that does not come would be waited for.
  const stopping = page
    .context()
    .newCDPSession(page)
    .then((devTools) => devTools.send('Page.stopLoading'));
  await within(1_000, stopping, undefined);
  // One that is still being built may fail it once.
  return (await picture(page, typed)) ?? picture(page, typed);
}

async function picture(page: Page, typed: readonly string[]): Promise<string | undefined> {
  try {
    const mask = page.frames().flatMap((frame) => [
      frame.locator('input, textarea, select, [contenteditable]'),
      // Shorter ones stand everywhere.
      ...typed.filter((text) => text.length > 2).map((text) => frame.getByText(text)),
    ]);
    const image = await page.screenshot({
      type: 'jpeg',
      quality: 60,
      timeout: pictureMs,
      animations: 'disabled',
      mask,
      maskColor: '#555',
    });
    return image.toString('base64');
  } catch {
    return undefined;
  }
}
