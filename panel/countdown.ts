import { countdownText } from '../core/duration.ts';

/** The server's time. The browser's clock may differ. */
export class ServerClock {
  #atLoadMs = 0;
  #loadedMs = 0;

  /** @param now the server's time in the page, ISO 8601 */
  set(now: string | undefined): void {
    const atLoadMs = Date.parse(now ?? '');
    this.#atLoadMs = Number.isNaN(atLoadMs) ? Date.now() : atLoadMs;
    this.#loadedMs = performance.now();
  }

  nowMs(): number {
    return this.#atLoadMs + performance.now() - this.#loadedMs;
  }
}

/** Updates the countdowns whose text has changed. */
export function countDown(root: ParentNode, nowMs: number): void {
  for (const element of root.querySelectorAll<HTMLElement>('[data-countdown]')) {
    const text = countdownText(Date.parse(element.dataset['countdown'] ?? '') - nowMs);
    if (element.textContent !== text) element.textContent = text;
  }
}
