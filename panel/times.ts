/** Shows every instant on the page in the reader's time zone. */
export function showLocalTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
    const instant = new Date(element.dateTime);
    if (Number.isNaN(instant.getTime())) continue;
    element.title = `${element.textContent ?? ''} · ${element.dateTime}`;
    const isOfThisYear = instant.getFullYear() === new Date().getFullYear();
    element.textContent = (isOfThisYear ? local : ofAnotherYear).format(instant);
  }
}

const parts = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
} as const;
const local = new Intl.DateTimeFormat('en-GB', parts);
const ofAnotherYear = new Intl.DateTimeFormat('en-GB', { ...parts, year: 'numeric' });
