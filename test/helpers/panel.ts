/** The panel as somebody uses it whose browser runs no script. */
import type { Page, TestDemo } from './demo.ts';
import { Browser } from './demo.ts';

export const operator = 'operator@example.com';
/** Owns `demo-main`, and may look. */
export const viewer = 'dana@example.com';

/** The link of the newest mail to sign in; undefined where nobody was sent one. */
export function signInLink(demo: TestDemo, to?: string): string | undefined {
  const links = demo
    .mails()
    .filter((mail) => to === undefined || mail.to === to)
    .map(({ text }) => /https?:\/\/\S+\/panel\/sign-in\/\S+/.exec(text)?.[0]);
  return links.findLast((link) => link !== undefined);
}

export function askForLink(demo: TestDemo, email: string, browser = new Browser()): Promise<Page> {
  return browser.post(`${demo.cloud.apiUrl}/panel/sign-in`, { email });
}

/** From the form to the panel. */
export async function signIn(demo: TestDemo, email: string, browser = new Browser()): Promise<Browser> {
  await askForLink(demo, email, browser);
  const home = await browser.post(signInLink(demo, email)!, {});
  if (home.title !== 'Connections') throw new Error(`Signing in ended at ${home.title}: ${home.status}`);
  return browser;
}

export function csrfOf({ body }: Page): string {
  return /name="csrf" value="([\w-]+)"/.exec(body)?.[1] ?? '';
}

/** Opens a connection's page and presses one of its buttons. */
export async function press(
  demo: TestDemo,
  browser: Browser,
  action: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Page> {
  // What comes in the same millisecond has no order.
  await demo.advance(1);
  const path = `${demo.cloud.apiUrl}/panel/connections/demo-main`;
  const page = await browser.open(path);
  const pressed = await browser.post(`${path}/${action}`, { csrf: csrfOf(page), ...fields });
  await demo.cloud.clock.idle();
  return pressed;
}

/** The lines of the timeline, newest first, as they read. */
export async function timelineOf(demo: TestDemo, browser: Browser, query = ''): Promise<string[]> {
  const page = await browser.open(`${demo.cloud.apiUrl}/panel/connections/demo-main${query}`);
  return [
    ...page.body.matchAll(
      /<li class="(?:check|refresh|notice|login|failure|action)" [^>]*>([\s\S]*?)<\/li>/g,
    ),
  ].map(([, line]) => textOf(line!));
}

/** Markup as somebody reads it. */
export function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}
