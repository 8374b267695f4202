import { createRequire } from 'node:module';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sparticuz from '@sparticuz/chromium';
import type * as playwright from 'playwright-core';

/**
 * Playwright is in a layer, where Lambda finds only CommonJS modules (`NODE_PATH`).
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-layers.html
 */
const require = createRequire(import.meta.url);

/**
 * Arguments that the package suggests for Lambda and that let one page read another. Lambda still needs one process for all
 * pages (`--single-process`), so a page that breaks out runs in this function. Therefore its role reads only one secret.
 */
const dangerous = [
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-running-insecure-content',
  '--enable-features=SharedArrayBuffer',
];

/**
 * Features that Playwright disables because they disturb clicks or make extra requests. Chromium reads only its last list
 * of disabled features, so we merge this one with the package's.
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
 * Starts Chromium without hiding that it is automated. Its user agent says that it is headless.
 * @param folder the folder with `chromium.br` and the other files of `@sparticuz/chromium`
 * @throws errors of Playwright. They may quote the command line, which has no credential.
 */
export function chromiumIn(folder: string): () => Promise<playwright.Browser> {
  return async () => {
    const { chromium } = require('playwright-core') as typeof playwright;
    const executablePath = await sparticuz.executablePath(folder);
    const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, FONTCONFIG_PATH } = process.env;
    const fontconfig = join(tmpdir(), 'grantkeeper-fonts.conf');
    // The package's own file only searches /tmp, even if the fonts are elsewhere.
    await mkdir(join(tmpdir(), 'fonts-cache'), { recursive: true });
    await writeFile(
      fontconfig,
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${tmpdir()}/fonts</dir><cachedir>${tmpdir()}/fonts-cache</cachedir></fontconfig>`,
    );
    const launch = chromium.launch({
      executablePath,
      args: wantedArguments(),
      // Chromium must not inherit the role's credentials.
      env: { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, FONTCONFIG_PATH, FONTCONFIG_FILE: fontconfig },
      timeout: 10_000,
    });
    return launch.catch(async (error: unknown) => {
      // An interrupted unpacking leaves a partial file, and the package only checks that the file exists.
      await rm(executablePath, { force: true });
      throw error;
    });
  };
}
