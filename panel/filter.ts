/** Filters the list while you type. Without the script, the form's button does it. */
export function filterConnections(): void {
  const sought = document.querySelector<HTMLInputElement>('[data-filter]');
  const health = document.querySelector<HTMLSelectElement>('[data-filter-health]');
  if (sought === null || health === null) return;
  const query = sought.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll<HTMLElement>('[data-search]')];
  for (const row of rows) {
    const isFound = row.dataset['search']!.includes(query);
    row.hidden = !isFound || (health.value !== '' && row.dataset['health'] !== health.value);
  }
  const shown = rows.filter((row) => !row.hidden).length;
  const count = document.querySelector('[data-shown]')!;
  const text = `${shown} of ${rows.length} connections`;
  // Change only a different text, because screen readers read out every change.
  if (count.textContent !== text) count.textContent = text;
}

/** Keeps the filter when the page is reloaded or its address is shared. */
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
