import { countdownInWords } from '../core/duration.ts';

/** The server's time, which the browser's own clock need not agree with. */
export class ServerClock {
  #atLoadMs = 0;
  #loadedMs = 0;

  /** @param now ISO 8601, as the page says it */
  set(now: string | undefined): void {
    const atLoadMs = Date.parse(now ?? '');
    this.#atLoadMs = Number.isNaN(atLoadMs) ? Date.now() : atLoadMs;
    this.#loadedMs = performance.now();
  }

  nowMs(): number {
    return this.#atLoadMs + performance.now() - this.#loadedMs;
  }
}

/** Writes how long it is until then; touches only what reads differently than a second ago. */
export function countDown(root: ParentNode, nowMs: number): void {
  for (const element of root.querySelectorAll<HTMLElement>('[data-countdown]')) {
    const text = countdownInWords(Date.parse(element.dataset['countdown'] ?? '') - nowMs);
    if (element.textContent !== text) element.textContent = text;
  }
}
