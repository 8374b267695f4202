/** The panel's script: local times, countdowns and automatic reloads. The panel works without it. */
import { countDown, ServerClock } from './countdown.ts';
import { filterConnections, watchFilter } from './filter.ts';
import { refresh, rememberParts, updateParts } from './live.ts';
import { showLocalTimes } from './times.ts';

const everyMs = 15_000;
/** Longer than any answer takes. */
const stoppedMs = 10_000;
const { documentElement: root } = document;
const clock = new ServerClock();
clock.set(root.dataset['now']);

rememberParts();
showLocalTimes(document);
watchFilter();

setInterval(() => {
  if (!document.hidden) countDown(document, clock.nowMs());
}, 1000);

// Send a form once if its button is pressed several times.
document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  if (form.method !== 'post') return;
  if (form.dataset['sent'] !== undefined) event.preventDefault();
  form.dataset['sent'] = '';
  // A request that was stopped gets no answer, so the button must work again.
  setTimeout(() => delete form.dataset['sent'], stoppedMs);
});
// Keep a typed reason if the session ends before the form is sent.
const keptAs = ({ id }: HTMLInputElement) => `${location.pathname} ${id}`;
const reasons = [...document.querySelectorAll<HTMLInputElement>('input[name="reason"]')];
document.addEventListener('submit', ({ target }) => {
  const reason = (target as HTMLFormElement).elements.namedItem('reason');
  if (reason instanceof HTMLInputElement) sessionStorage.setItem(keptAs(reason), reason.value);
});
if (new URL(location.href).searchParams.has('done')) sessionStorage.clear();
for (const reason of reasons) reason.value ||= sessionStorage.getItem(keptAs(reason)) ?? '';

// A page from the back-forward cache can send its forms again.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll<HTMLElement>('form[data-sent]')) delete form.dataset['sent'];
});

// Don't show the result of an action again when the page is reloaded.
const here = new URL(location.href);
if (here.searchParams.has('done')) {
  here.searchParams.delete('done');
  history.replaceState(null, '', here);
}

if (root.dataset['live'] !== undefined) keepCurrent();

function keepCurrent(): void {
  const note = document.createElement('p');
  note.className = 'stale';
  note.setAttribute('role', 'status');
  note.hidden = true;
  document.querySelector('main')!.prepend(note);
  const say = (text: string) => {
    note.hidden = text === '';
    if (note.textContent !== text) note.textContent = text;
  };
  const ask = async () => {
    if (document.hidden) return;
    const fresh = await refresh();
    if (fresh === 'signed-out') return say('You are signed out. Reload the page to sign in.');
    if (fresh === 'gone') return say('This page no longer exists. Go back to the overview.');
    if (fresh === undefined) return say('The server does not answer, so this page may be out of date.');
    say('');
    clock.set(fresh.documentElement.dataset['now']);
    for (const part of updateParts(fresh)) showLocalTimes(part);
    filterConnections();
  };
  setInterval(() => void ask(), everyMs);
  document.addEventListener('visibilitychange', () => void ask());
}
