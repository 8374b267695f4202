import { countdownInWords } from '../core/duration.ts';
import type { Html } from '../core/html.ts';
import { html } from '../core/html.ts';
import { formatInstant } from '../core/notice.ts';

/** An instant in a zone's own time; the pages' script tells it in that of whoever looks. */
export function instant(epochMs: number, timeZone: string): Html {
  return html`<time datetime="${new Date(epochMs).toISOString()}">${formatInstant(epochMs, timeZone)}</time>`;
}

/** How long it is until then, or since; the panel's script counts. */
export function countdown(epochMs: number, nowMs: number): Html {
  const words = countdownInWords(epochMs - nowMs);
  return html`<span data-countdown="${new Date(epochMs).toISOString()}">${words}</span>`;
}
