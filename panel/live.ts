import { Idiomorph } from 'idiomorph';

/** What the server looks at to tell this from somebody's click. */
const liveHeader = 'x-grantkeeper-live';

/**
 * Asks for the page again.
 * @returns the new page; undefined when there was no answer, `signed-out` when the session has ended, and `gone` when the
 *   page is not there any more
 */
export async function refresh(): Promise<Document | 'signed-out' | 'gone' | undefined> {
  const answer = await fetch(location.href, { headers: { [liveHeader]: '1' }, cache: 'no-store' }).catch(
    () => undefined,
  );
  if (answer?.status === 401) return 'signed-out';
  if (answer?.status === 404) return 'gone';
  if (!answer?.ok) return undefined;
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** Of each part as it last came: what the script has since written into the page is no change. */
const known = new Map<string, string>();

export function rememberParts(): void {
  for (const part of partsOf(document)) known.set(part.id, signatureOf(part));
}

/**
 * Turns the parts that have changed into what they are now, each element into itself: whoever is on one with the
 * keyboard stays there, and what somebody types stays typed.
 * @returns the parts that were changed
 */
export function takeOver(fresh: Document): HTMLElement[] {
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
    // What they were on is gone: they go on from where it was.
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

/** Its markup without what passes by itself: a countdown is no change. */
function signatureOf(part: HTMLElement): string {
  const copy = part.cloneNode(true) as HTMLElement;
  for (const counting of copy.querySelectorAll('[data-countdown]')) counting.textContent = '';
  return copy.innerHTML;
}

function partsOf(page: Document): NodeListOf<HTMLElement> {
  return page.querySelectorAll<HTMLElement>('[data-part][id]');
}
