/** Safe HTML: made by the `html` tag below or from literals. All other values are escaped. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }

  /** One line of text without markup, for the command. */
  toText(): string {
    const characters = new Map(Object.entries(entities).map(([character, entity]) => [entity, character]));
    return this.#markup
      .replace(/<[^>]*>/g, '')
      .replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => characters.get(entity)!)
      .replace(/\s+/g, ' ')
      .trim();
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Builds `Html` from a template. Escapes values unless they are `Html`, and joins lists. */
export function html(
  parts: TemplateStringsArray,
  ...values: (string | number | Html | readonly Html[])[]
): Html {
  let markup = parts[0]!;
  for (const [index, value] of values.entries()) {
    markup += render(value) + parts[index + 1]!;
  }
  return new Html(markup);
}

function render(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character]!);
}
