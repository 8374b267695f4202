/**
 * How hard wildcards make an event pattern to match: over every text that a field may hold, the most beginnings of its
 * wildcard patterns that fit the text at once. EventBridge refuses a rule above its limit.
 * @see https://github.com/aws/event-ruler, `MachineComplexityEvaluator`
 */

/** The rule is refused where one field needs more: `InvalidEventPatternException`, "Rule is too complex". */
export const maxComplexity = 10;

/**
 * @param wildcards of one field: `*` stands for any text
 * @returns the complexity, or `maxComplexity + 1` for anything above
 */
export function complexityOf(wildcards: readonly string[]): number {
  // event-ruler matches JSON: the quotation mark that begins a text fits all patterns.
  const patterns = [...new Set(wildcards)].map((wildcard) => JSON.stringify(wildcard).split(''));
  // One character that no pattern has stands for all of those.
  const alphabet = new Set([...patterns.flat().filter((character) => character !== '*'), '']);
  const start = follow(
    patterns,
    patterns.map(() => [0]),
  );
  const seen = new Set([keyOf(start)]);
  const open = [start];
  let most = 0;
  for (const fitting of open) {
    for (const character of alphabet) {
      const next = step(patterns, fitting, character);
      // The empty beginning fits at the start alone: it counts nowhere.
      most = Math.max(most, next.flat().length);
      if (most > maxComplexity) return maxComplexity + 1;
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
  }
  return most;
}

/** For each pattern the lengths of its beginnings that fit what was read. */
type Fitting = readonly (readonly number[])[];
type Patterns = readonly (readonly string[])[];

function step(patterns: Patterns, fitting: Fitting, character: string): Fitting {
  const read = fitting.map((lengths, index) =>
    lengths.flatMap((length) => [
      ...(patterns[index]![length - 1] === '*' ? [length] : []),
      ...(patterns[index]![length] === character ? [length + 1] : []),
    ]),
  );
  return follow(patterns, read);
}

/** A wildcard fits the empty text, too. */
function follow(patterns: Patterns, fitting: Fitting): Fitting {
  return fitting.map((lengths, index) => {
    const more = lengths.filter((length) => patterns[index]![length] === '*').map((length) => length + 1);
    return [...new Set([...lengths, ...more])].toSorted((a, b) => a - b);
  });
}

const keyOf = (fitting: Fitting) => JSON.stringify(fitting);
