/** What the server looks at to tell this from somebody's click. */
const liveHeader = 'x-grantkeeper-live';

/**
 * Asks for the page again and takes over the parts that have changed, without touching the one that somebody is in.
 * @returns the new page; undefined when there was no answer, and `signed-out` when the session has ended
 */
export async function refresh(): Promise<Document | 'signed-out' | undefined> {
  const answer = await fetch(location.href, { headers: { [liveHeader]: '1' }, cache: 'no-store' }).catch(
    () => undefined,
  );
  if (answer?.status === 401) return 'signed-out';
  if (!answer?.ok) return undefined;
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** Of each part as it last came: what the script has since written into the page is no change. */
const known = new Map<string, string>();

export function rememberParts(): void {
  for (const part of partsOf(document)) known.set(part.id, signatureOf(part));
}

/** @returns the parts that were exchanged */
export function takeOver(fresh: Document): HTMLElement[] {
  const changed: HTMLElement[] = [];
  for (const part of partsOf(fresh)) {
    const shown = document.getElementById(part.id);
    const signature = signatureOf(part);
    const isSame = known.get(part.id) === signature;
    // Whoever is in it with the keyboard would be thrown out: it comes when they are gone.
    if (shown === null || isSame || shown.contains(document.activeElement)) continue;
    known.set(part.id, signature);
    shown.replaceChildren(...part.childNodes);
    changed.push(shown);
  }
  return changed;
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
