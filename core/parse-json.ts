/** The value of a JSON text; undefined for what is none. What a parser throws would quote the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
