import { createRequire } from 'node:module';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sparticuz from '@sparticuz/chromium';
import type * as playwright from 'playwright-core';

/**
 * Playwright is in a layer, where Lambda looks for CommonJS alone (`NODE_PATH`).
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-layers.html
 */
const require = createRequire(import.meta.url);

/**
 * Of the arguments that the package suggests for Lambda, those that let one page read another. All pages are in one process
 * all the same (`--single-process`), as Lambda wants it: a page that breaks out of it is in this function, which is why its
 * role reads one secret.
 */
const dangerous = [
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-running-insecure-content',
  '--enable-features=SharedArrayBuffer',
];

/**
 * What Playwright switches off, as it gets in the way of clicks or asks the network for more than the page. Of such lists
 * Chromium takes the last one alone, and the package has one too: these are added to it.
 * https://github.com/microsoft/playwright/issues/36658
 */
const disabledByPlaywright = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
];

function wantedArguments(): string[] {
  return sparticuz.args
    .filter((each) => !dangerous.includes(each))
    .map((each) =>
      each.startsWith('--disable-features=') ? [each, ...disabledByPlaywright].join(',') : each,
    );
}

/**
 * Starts Chromium as it is: no stealth, and the user agent says that it is headless.
 * @param folder with `chromium.br` and the like, as `@sparticuz/chromium` brings them
 * @throws whatever Playwright throws; it may quote the command line, which has no credential
 */
export function chromiumIn(folder: string): () => Promise<playwright.Browser> {
  return async () => {
    const { chromium } = require('playwright-core') as typeof playwright;
    const executablePath = await sparticuz.executablePath(folder);
    const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, FONTCONFIG_PATH } = process.env;
    const fontconfig = join(tmpdir(), 'grantkeeper-fonts.conf');
    // The package's own file looks in /tmp alone, wherever it has unpacked them.
    await mkdir(join(tmpdir(), 'fonts-cache'), { recursive: true });
    await writeFile(
      fontconfig,
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${tmpdir()}/fonts</dir><cachedir>${tmpdir()}/fonts-cache</cachedir></fontconfig>`,
    );
    const launch = chromium.launch({
      executablePath,
      args: wantedArguments(),
      // Not the role's credentials, which this process has.
      env: { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, FONTCONFIG_PATH, FONTCONFIG_FILE: fontconfig },
      timeout: 10_000,
    });
    return launch.catch(async (error: unknown) => {
      // It may be there by half, of an unpacking that was interrupted: the package only asks whether it is there.
      await rm(executablePath, { force: true });
      throw error;
    });
  };
}
