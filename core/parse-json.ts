/** Parses a JSON text. Undefined if it is not JSON, because a parser's error would quote the text. */
export function parseJson(text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

/**
 * Like {@link parseJson}, but a number above 2^53 becomes a text of its digits. JavaScript rounds such numbers, so two
 * account numbers could become equal.
 * @see https://tc39.es/proposal-json-parse-with-source/
 */
export function parseJsonExactly(text: string): unknown {
  const exact = (_key: string, value: unknown, context?: { readonly source: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? context!.source : value;
  return parseJson(text, exact);
}
