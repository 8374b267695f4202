/** The value of a JSON text; undefined for what is none. What a parser throws would quote the text. */
export function parseJson(text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

/**
 * The same, but a number that is no safe integer becomes its digits, as text: JavaScript rounds numbers above 2^53, so two
 * account numbers or subjects could become equal.
 * @see https://tc39.es/proposal-json-parse-with-source/
 */
export function parseJsonExactly(text: string): unknown {
  const exact = (_key: string, value: unknown, context?: { readonly source: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? context!.source : value;
  return parseJson(text, exact);
}
