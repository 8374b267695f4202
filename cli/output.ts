/** An expected failure. Its message says what was wrong and what to do, and is printed without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** @param why sentences */
export function refusedAction(why: string): CommandError {
  return new CommandError(`${why} Nothing was changed.`);
}

/** Exit codes. `needsSomebody`: status or doctor found a problem. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, needsSomebody: 3 } as const;

/** Pads columns to the widest cell. */
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
