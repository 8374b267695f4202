/** Filters the list while somebody types; without it, the form does so by a click. */
export function filterConnections(): void {
  const sought = document.querySelector<HTMLInputElement>('[data-filter]');
  const health = document.querySelector<HTMLSelectElement>('[data-filter-health]');
  if (sought === null || health === null) return;
  const sentence = sought.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll<HTMLElement>('[data-search]')];
  for (const row of rows) {
    const isFound = row.dataset['search']!.includes(sentence);
    row.hidden = !isFound || (health.value !== '' && row.dataset['health'] !== health.value);
  }
  const shown = rows.filter((row) => !row.hidden).length;
  const count = document.querySelector('[data-shown]')!;
  const words = `${shown} of ${rows.length} connections`;
  // What is written again is read out again.
  if (count.textContent !== words) count.textContent = words;
}

/** So that a page that is loaded again, or sent to somebody, shows the same. */
function keepInAddress(): void {
  const here = new URL(location.href);
  for (const field of document.querySelectorAll<HTMLInputElement>('form.filter [name]')) {
    const value = field.value.trim();
    if (value === '') here.searchParams.delete(field.name);
    else here.searchParams.set(field.name, value);
  }
  history.replaceState(null, '', here);
}

export function watchFilter(): void {
  const form = document.querySelector('form.filter');
  form?.addEventListener('input', () => {
    filterConnections();
    keepInAddress();
  });
}
