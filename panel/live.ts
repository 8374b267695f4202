import { Idiomorph } from 'idiomorph';

/** Marks a request of the script, so that it does not keep a session alive. */
const autoRefreshHeader = 'x-grantkeeper-auto-refresh';

/**
 * Requests the page again.
 * @returns the new page; undefined without an answer, `signed-out` if the session has ended, `gone` if the page no longer
 *   exists
 */
export async function refresh(): Promise<Document | 'signed-out' | 'gone' | undefined> {
  const answer = await fetch(location.href, {
    headers: { [autoRefreshHeader]: '1' },
    cache: 'no-store',
  }).catch(() => undefined);
  if (answer?.status === 401) return 'signed-out';
  if (answer?.status === 404) return 'gone';
  if (!answer?.ok) return undefined;
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** The markup of each part as the server last sent it, without the script's changes. */
const known = new Map<string, string>();

export function rememberParts(): void {
  for (const part of partsOf(document)) known.set(part.id, signatureOf(part));
}

/**
 * Morphs the parts that have changed. Elements are kept, so keyboard focus and typed text are not lost.
 * @returns the parts that were changed
 */
export function updateParts(fresh: Document): HTMLElement[] {
  const changed: HTMLElement[] = [];
  for (const part of partsOf(fresh)) {
    const shown = document.getElementById(part.id);
    const signature = signatureOf(part);
    if (shown === null || known.get(part.id) === signature) continue;
    known.set(part.id, signature);
    const hadFocus = shown.contains(document.activeElement);
    void Idiomorph.morph(shown, [...part.childNodes], {
      morphStyle: 'innerHTML',
      callbacks: { beforeNodeMorphed },
    });
    // The focused element is gone: focus the part that contained it.
    if (hadFocus && !shown.contains(document.activeElement)) {
      shown.tabIndex = -1;
      shown.focus({ preventScroll: true });
    }
    changed.push(shown);
  }
  return changed;
}

function beforeNodeMorphed(shown: Node): boolean {
  return !(shown instanceof HTMLInputElement && shown.value !== shown.defaultValue);
}

/** The markup without countdowns, because the script changes these. */
function signatureOf(part: HTMLElement): string {
  const copy = part.cloneNode(true) as HTMLElement;
  for (const counting of copy.querySelectorAll('[data-countdown]')) counting.textContent = '';
  return copy.innerHTML;
}

function partsOf(page: Document): NodeListOf<HTMLElement> {
  return page.querySelectorAll<HTMLElement>('[data-part][id]');
}
