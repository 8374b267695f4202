import type { ChatNotice } from './posted-channel.ts';

/**
 * Plain text that a chat service takes. A service refuses the whole message for one text that is too long or empty, so
 * formatters cut and leave out. Lengths are UTF-16 code units: no service is known to count more for a character.
 */

export function headline({ subject }: ChatNotice): string {
  return clean(subject).replaceAll('\n', ' ') || 'Grantkeeper';
}

export function labelOf({ label }: { readonly label: string }): string {
  return clean(label).replaceAll('\n', ' ') || 'Open';
}

/** Removes characters that a service strips or cannot store. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/(?!\n)\p{Cc}/gu, ' ')
    .trim();
}

export function filled(texts: readonly string[]): string[] {
  return texts.map(clean).filter((text) => text !== '');
}

/** Joins the last texts so that at most `count` remain. */
export function gathered(texts: readonly string[], count: number): string[] {
  return filled([...texts.slice(0, count - 1), texts.slice(count - 1).join('\n')]);
}

/** Shortens a text without splitting a character. `unfinished` matches an escape that the cut has split. */
export function cut(text: string, limit: number, unfinished = /$^/): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit - 1);
  return `${(kept.isWellFormed() ? kept : kept.slice(0, -1)).replace(unfinished, '')}…`;
}
