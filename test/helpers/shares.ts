import * as fc from 'fast-check';

/**
 * How much of what a property sees is of which kinds, in percent: always the same sample, drawn as a property draws it.
 * A property proves nothing of a kind that it never meets.
 */
export function sharesOf<T>(
  arbitrary: fc.Arbitrary<T>,
  kindsOf: (value: T) => readonly string[],
): Record<string, number> {
  const runs = 1000;
  const counts: Record<string, number> = {};
  fc.assert(
    fc.property(arbitrary, (value) => {
      for (const kind of kindsOf(value)) counts[kind] = (counts[kind] ?? 0) + 1;
    }),
    { seed: 18, numRuns: runs },
  );
  return Object.fromEntries(Object.entries(counts).map(([kind, count]) => [kind, (100 * count) / runs]));
}

/** Kinds whose share is below what is wanted, or that nobody wanted; empty if the sample is as it should be. */
export function tooRare(
  shares: Readonly<Record<string, number>>,
  wanted: Readonly<Record<string, number>>,
): string[] {
  const kinds = new Set([...Object.keys(wanted), ...Object.keys(shares)]);
  return [...kinds]
    .filter((kind) => !((shares[kind] ?? 0) >= (wanted[kind] ?? Infinity)))
    .map((kind) => `${kind}: ${shares[kind] ?? 0} %`);
}
