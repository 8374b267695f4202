/** What is to be told in one line and to nobody's surprise: its message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** @param why in words */
export function refusedAction(why: string): CommandError {
  return new CommandError(`Not now: ${why}. Nothing was changed.`);
}

/** Exit codes: all is well; it failed; the command line is wrong; something needs somebody. */
export const exitCodes = { well: 0, failed: 1, usage: 2, needsSomebody: 3 } as const;

/** Columns as wide as what is in them, without a frame. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
