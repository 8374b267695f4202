import { countdownText } from '../../core/duration.ts';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import { formatInstant } from '../../core/notice-text.ts';

/**
 * An instant in a time zone. The pages' script shows it in the reader's own.
 * @param nowMs shows the year of an instant in another year
 */
export function instant(epochMs: number, timeZone: string, nowMs = epochMs): Html {
  const [then, now] = [epochMs, nowMs].map((ms) => new Date(ms).toISOString());
  const hasYear = then!.slice(0, 4) !== now!.slice(0, 4);
  return html`<time datetime="${then!}">${formatInstant(epochMs, timeZone, hasYear)}</time>`;
}

/** The time until or since an instant. The panel's script keeps it current. */
export function countdown(epochMs: number, nowMs: number): Html {
  const text = countdownText(epochMs - nowMs);
  return html`<span data-countdown="${new Date(epochMs).toISOString()}">${text}</span>`;
}
