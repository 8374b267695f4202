import { consoleOrigin } from '../core/console.ts';
import { exitCodes, json } from './output.ts';
import type { Options } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface OpenOptions extends Options {
  readonly console?: boolean;
  readonly print?: boolean;
}

/** Opens the panel, or the state machine's console page, in your browser. */
export async function open(connectionId: string | undefined, options: OpenOptions): Promise<number> {
  const stack = await openStack(options, 'reads');
  if (connectionId !== undefined) await connectionOf(stack, connectionId);
  const { publicUrl, executionUrl } = stack.panelSettings;
  const panel = `${publicUrl}/panel${connectionId === undefined ? '' : `/connections/${connectionId}`}`;
  const { stateMachineArn: arn } = await stack.deployment();
  const [, partition, , region] = arn.split(':') as [string, string, string, string];
  const consoleUrl = options.local
    ? new URL(executionUrl).origin
    : `${consoleOrigin(partition, region)}/states/home?region=${region}#/statemachines/view/${arn}`;
  if (options.json) {
    console.log(json({ panel, console: consoleUrl }));
    return exitCodes.ok;
  }
  const url = options.console ? consoleUrl : panel;
  // Print it, too, because a shell on another machine has no browser.
  console.log(url);
  if (!options.print) {
    const { default: show } = await import('open');
    await show(url).catch(() => undefined);
  }
  return exitCodes.ok;
}
