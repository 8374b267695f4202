import { countdownInWords } from '../../core/duration.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { formatInstant } from '../../core/notice.ts';

/**
 * An instant in a zone's own time; the pages' script tells it in that of whoever looks.
 * @param nowMs with it, an instant of another year says which
 */
export function instant(epochMs: number, timeZone: string, nowMs = epochMs): Html {
  const [then, now] = [epochMs, nowMs].map((ms) => new Date(ms).toISOString());
  const hasYear = then!.slice(0, 4) !== now!.slice(0, 4);
  return html`<time datetime="${then!}">${formatInstant(epochMs, timeZone, hasYear)}</time>`;
}

/** How long it is until then, or since; the panel's script counts. */
export function countdown(epochMs: number, nowMs: number): Html {
  const words = countdownInWords(epochMs - nowMs);
  return html`<span data-countdown="${new Date(epochMs).toISOString()}">${words}</span>`;
}
