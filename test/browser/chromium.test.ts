import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';

let browser: Browser;
let server: Server;
let page: Page;
let port: number;

const pages: RequestListener = (request, response) => {
  if (request.url === '/set') response.setHeader('set-cookie', '__Host-start=one; Path=/; Secure; HttpOnly');
  response.setHeader('content-type', 'text/html');
  response.end(
    `<!doctype html><title>Smoke</title><h1>It loads</h1><p>${request.headers.cookie ?? 'no cookie'}`,
  );
};

beforeAll(async () => {
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 320, height: 200 } });
  server = createServer(pages);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

test('a page of a local server is drawn', async () => {
  await page.goto(`http://127.0.0.1:${port}/`);

  expect(await page.title()).toBe('Smoke');
  const drawn = await page.screenshot();
  expect(drawn.subarray(1, 4).toString()).toBe('PNG');
  await page.setContent('');
  expect((await page.screenshot()).length).toBeLessThan(drawn.length);
});

test('a __Host- cookie works on http://127.0.0.1', async () => {
  await page.goto(`http://127.0.0.1:${port}/set`);
  await page.goto(`http://127.0.0.1:${port}/`);

  expect(await page.textContent('p')).toBe('__Host-start=one');
});

test('a page cannot read another origin', async () => {
  await page.goto(`http://127.0.0.1:${port}/`);
  const read = page.evaluate(
    (url) => fetch(url).then((response) => response.text()),
    `http://localhost:${port}/`,
  );

  await expect(read).rejects.toThrow('Failed to fetch');
});

test('frames of another site have a process of their own', async () => {
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.setContent(`<iframe src="http://localhost:${port}/"></iframe>`);
  await page.frameLocator('iframe').getByText('It loads').waitFor();
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets');

  expect(targetInfos.filter(({ type }) => type === 'iframe').map(({ url }) => url)).toEqual([
    `http://localhost:${port}/`,
  ]);
});

test('hosts outside this machine are not found', async () => {
  await expect(page.goto('http://example.com/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
});
