import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts a headless Chromium with web security and site isolation as people have them, which is why none of
 * the default arguments of `@sparticuz/chromium` are used: they switch both off. It reaches loopback only.
 * Nothing needs to be installed beside the packages; each test file may start one of its own, in parallel.
 *
 * The package is for Linux on x64. Elsewhere, name a Chromium in the environment variable `CHROMIUM_PATH`.
 */
export async function launchChromium(): Promise<Browser> {
  const own = process.env['CHROMIUM_PATH'];
  const { executablePath, env } = own ? { executablePath: own, env: {} } : await unpackedChromium();
  return chromium.launch({
    executablePath,
    env: { ...definedOnly(process.env), ...env },
    // Playwright's own arguments switch background networking and updates off already.
    args: [
      '--no-sandbox', // needs a kernel feature that containers and root do not have
      '--site-per-process', // the desktop's default; this build, made for small machines, has it off
      '--no-pings',
      '--disable-domain-reliability',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  });
}

interface Unpacked {
  readonly executablePath: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Unpacks the browser on first use, into a folder shared by all test files of this user. */
async function unpackedChromium(): Promise<Unpacked> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('The packaged Chromium is for Linux on x64: name another one in CHROMIUM_PATH.');
  }
  const { version } = JSON.parse(
    await readFile(join(root, 'node_modules/@sparticuz/chromium/package.json'), 'utf8'),
  ) as { version: string };
  const folder = join(tmpdir(), `grantkeeper-chromium-${version}-${process.getuid?.()}`);
  if (!(await isOurs(folder))) await unpackInto(folder);

  const executablePath = join(folder, 'chromium');
  const env = { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  // NSS, NSPR and expat: the system's where it has them, else those that the package brings for Lambda.
  const own = { ...env, LD_LIBRARY_PATH: join(folder, 'al2023/lib') };
  return { executablePath, env: (await starts(executablePath)) ? env : own };
}

/** @throws {Error} when somebody else made the folder: what lies in it must not be run */
async function isOurs(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  if (found && found.uid !== process.getuid?.())
    throw new Error(`${folder} belongs to another user: remove it.`);
  return found !== undefined;
}

/** Unpacks beside `folder` and renames: test files that come at once each unpack, and the first one counts. */
async function unpackInto(folder: string): Promise<void> {
  const fresh = await mkdtemp(`${folder}-unpacking-`);
  try {
    // In a process of its own, because the package unpacks into TMPDIR and takes any `chromium` found there.
    await run(process.execPath, ['--input-type=module', '--eval', unpack], {
      cwd: root,
      env: { ...process.env, TMPDIR: fresh },
    });
    // The package's fonts only, so that screenshots are alike everywhere; its own file names Lambda's folders.
    await mkdir(join(fresh, 'fonts-cache'));
    await writeFile(
      join(fresh, 'fonts.conf'),
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
      <fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`,
    );
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

const unpack = `
  import chromium, { inflate } from '@sparticuz/chromium';
  import { fileURLToPath } from 'node:url';
  await chromium.executablePath();
  await inflate(fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))));
`;

/** Whether the system has the libraries that the browser loads. */
const starts = (executablePath: string): Promise<boolean> =>
  run(executablePath, ['--version']).then(
    () => true,
    () => false,
  );

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
