import type { ParseArgsOptionsConfig } from 'node:util';
import { parseArgs } from 'node:util';

/** The command line is wrong. */
export class UsageError extends Error {}

/**
 * The flags of the command line, as `parseArgs` reads them; a value may begin with a dash, to be refused by name.
 * @throws {UsageError} for a flag that is not known, or has no value: one sentence without a full stop
 */
export function readFlags<Options extends ParseArgsOptionsConfig>(options: Options) {
  try {
    return parseArgs({ args: joined(process.argv.slice(2), options), options }).values;
  } catch (error) {
    const { message } = error as Error;
    const ambiguous = /^Option '(.+)' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous !== undefined) throw new UsageError(`Option '${ambiguous} <value>' argument missing`);
    // Only the first sentence names the option.
    throw new UsageError(message.split(/\. |\.?\n|\.$/)[0]);
  }
}

/** Turns `--steps -5` into `--steps=-5`, because `parseArgs` would take the number for a flag. */
function joined(args: readonly string[], options: ParseArgsOptionsConfig): string[] {
  const [first, second, ...rest] = args;
  if (first === undefined) return [];
  const takesValue = options[first.replace(/^--/, '')]?.type === 'string';
  return takesValue && second !== undefined && /^-\d/.test(second)
    ? [`${first}=${second}`, ...joined(rest, options)]
    : [first, ...joined(args.slice(1), options)];
}
