const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * A length of time in words, as precise as somebody needs who waits for it to pass: `6 days, 4 hours`, `23 minutes`,
 * `45 seconds`.
 */
function durationInWords(durationMs: number): string {
  const days = Math.floor(durationMs / dayMs);
  const hours = Math.floor((durationMs % dayMs) / hourMs);
  const minutes = Math.floor((durationMs % hourMs) / minuteMs);
  const seconds = Math.floor((durationMs % minuteMs) / 1000);
  if (days > 0) return words([days, 'day'], [hours, 'hour']);
  if (hours > 0) return words([hours, 'hour'], [minutes, 'minute']);
  if (minutes >= 10) return words([minutes, 'minute']);
  return words([minutes, 'minute'], [seconds, 'second']);
}

/** How long it is until then, or since: `in 23 minutes`, `now`, `2 hours ago`. */
export function countdownInWords(untilMs: number): string {
  if (Math.abs(untilMs) < 1000) return 'now';
  const words = durationInWords(Math.abs(untilMs));
  return untilMs > 0 ? `in ${words}` : `${words} ago`;
}

function words(...parts: readonly (readonly [number, string])[]): string {
  const said = parts.filter(([count]) => count > 0);
  return said.map(([count, unit]) => plural(count, unit)).join(', ');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
