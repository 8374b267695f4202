/** The operator's command as a shell calls it, against the embedded cloud. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { ToolsServer } from '../../local/tools/server.ts';
import type { TestDemo } from './demo.ts';

export const command = fileURLToPath(new URL('../../cli/grantkeeper.mjs', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Where the embedded cloud is. */
export function commandEnvironment(demo: TestDemo, tools: ToolsServer): NodeJS.ProcessEnv {
  return {
    ...process.env,
    AWS_ENDPOINT_URL: demo.cloud.awsUrl,
    GRANTKEEPER_CLOCK_URL: `${tools.url}/clock`,
  };
}

export async function runCommand(
  demo: TestDemo,
  tools: ToolsServer,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ran> {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...commandEnvironment(demo, tools), ...environment },
  });
  child.stdin.end(input);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
