const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * A duration for people, as precise as they need: `6 days, 4 hours`, `23 minutes`, `45 seconds`.
 */
function durationText(durationMs: number): string {
  const days = Math.floor(durationMs / dayMs);
  const hours = Math.floor((durationMs % dayMs) / hourMs);
  const minutes = Math.floor((durationMs % hourMs) / minuteMs);
  const seconds = Math.floor((durationMs % minuteMs) / 1000);
  if (days > 0) return parts([days, 'day'], [hours, 'hour']);
  if (hours > 0) return parts([hours, 'hour'], [minutes, 'minute']);
  if (minutes >= 10) return parts([minutes, 'minute']);
  return parts([minutes, 'minute'], [seconds, 'second']);
}

/** The time until or since an instant: `in 23 minutes`, `now`, `2 hours ago`. */
export function countdownText(untilMs: number): string {
  if (Math.abs(untilMs) < 1000) return 'now';
  const text = durationText(Math.abs(untilMs));
  return untilMs > 0 ? `in ${text}` : `${text} ago`;
}

function parts(...counts: readonly (readonly [number, string])[]): string {
  const shown = counts.filter(([count]) => count > 0);
  return shown.map(([count, unit]) => plural(count, unit)).join(', ');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
