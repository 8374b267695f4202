/** Something that must never be seen outside its place, and what it is. */
export interface Canary {
  readonly kind: string;
  readonly value: string;
}

/** A text that was written somewhere, and where. */
export interface Document {
  readonly where: string;
  readonly text: string;
}

export interface Leak {
  readonly kind: string;
  readonly where: string;
  readonly form: string;
}

/** Enough of a random value to be no accident, so that a value cut short is found too. */
const piece = 20;

/** Every form in which a canary's piece may turn up. */
export function formsOf({ value }: Canary): ReadonlyMap<string, string> {
  const text = value.length > piece ? value.slice(-piece) : value;
  const forms = new Map([
    ['as it is', text],
    ['URL-encoded', encodeURIComponent(text)],
    ['URL-encoded twice', encodeURIComponent(encodeURIComponent(text))],
    ['hexadecimal', Buffer.from(text).toString('hex')],
  ]);
  // Base64 of a text depends on what stands before it, by three: what depends on the neighbours is cut off.
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.from('x'.repeat(before) + text).toString('base64');
    const inner = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
    forms.set(`base64 at offset ${before}`, inner);
    forms.set(`base64url at offset ${before}`, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

/** Where any canary turns up, in any form. */
export function leaks(canaries: readonly Canary[], documents: readonly Document[]): Leak[] {
  const searched = canaries.map((canary) => ({ kind: canary.kind, forms: [...formsOf(canary)] }));
  return documents.flatMap(({ where, text }) =>
    searched.flatMap(({ kind, forms }) => {
      const found = forms.find(([, form]) => text.includes(form));
      return found ? [{ kind, where, form: found[0] }] : [];
    }),
  );
}
