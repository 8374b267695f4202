import { html, type Html } from '../../core/html.ts';
import type { Definition } from '../aws/step-functions/definition.ts';
import { targetsOf } from '../aws/step-functions/parse-definition.ts';
import { arrange, boxHeight, type Box, type Line, type Link } from './graph-layout.ts';
import type { Outcome, Step } from './path.ts';

/** All that leads from one state to another, drawn as one line. */
interface Transition extends Link {
  /** Nothing but an error leads there. */
  readonly onlyCaught: boolean;
  /** Its places in the order of all that were taken, from 1. */
  readonly taken: readonly number[];
}

/** Of a transition that is taken again and again, so many numbers are shown. */
const shownNumbers = 3;

const marks: Readonly<Record<Outcome, string>> = {
  succeeded: 'good',
  caught: 'caught',
  failed: 'bad',
  'timed out': 'bad',
  aborted: 'bad',
  waiting: 'busy',
  running: 'busy',
};

/** For the page's style sheet. */
export const graphStyle = `
:root { --good: #1a7f37; --caught: #955800; --bad: #c62828; --busy: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --caught: #e0a030; --bad: #ff7b72; --busy: #6cb6ff; } }
.graph { overflow-x: auto; border: 1px solid #8888; border-radius: .5rem; }
.graph svg { display: block; max-width: 100%; min-width: 54rem; height: auto; overflow: visible; margin: 0 auto; font: 13px system-ui, sans-serif; text-anchor: middle; }
.graph text { fill: currentColor; }
.state rect { fill: none; stroke: #8888; }
.state:not(.visited) text { opacity: .75; }
.visited rect { fill: var(--mark); fill-opacity: .14; stroke: var(--mark); stroke-width: 2; }
.visited .name { font-weight: 600; }
.visited .outcome { fill: var(--mark); }
.good { --mark: var(--good); }
.caught { --mark: var(--caught); }
.bad { --mark: var(--bad); }
.busy { --mark: var(--busy); }
.transition path { fill: none; stroke: #8888; }
.transition.only-caught path { stroke-dasharray: 5 3; }
.transition.taken path { stroke: currentColor; stroke-width: 2; }
.transition text { font-size: 12px; text-anchor: start; font-weight: 600; paint-order: stroke; stroke: Canvas; stroke-width: 5px; }
#arrow { fill: #8888; }
#arrow-taken { fill: currentColor; }
`;

/** A state machine's states and transitions, with the way that an execution took marked. */
export function graphOf(definition: Definition, steps: readonly Step[]): Html {
  const transitions = transitionsOf(definition, steps);
  const { width, height, boxes, lines } = arrange(Object.keys(definition.States), transitions);
  const drawn = transitions.map((transition, at) => ({ ...transition, ...lines[at]! }));
  // What is dim lies below.
  drawn.sort((a, b) => a.taken.length - b.taken.length);
  return html`<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="graph-title" aria-describedby="graph-words">
    <title id="graph-title">The states, and the way of this execution through them</title>
    <desc id="graph-words">The list that follows says it in words.</desc>
    <defs>${arrowhead('arrow')}${arrowhead('arrow-taken')}</defs>
    ${drawn.map(drawTransition)}
    ${boxes.map((box) => drawState(definition, box, steps))}
  </svg>`;
}

/** As a reader expects them: what usually happens, what is chosen, what an error leads to. */
const places = ['Next', 'Default', 'Choices', 'Catch'];
const rankOf = (place: string) => places.findIndex((name) => place.startsWith(name));

function transitionsOf({ States }: Definition, steps: readonly Step[]): Transition[] {
  const key = (from: string, to: string) => JSON.stringify([from, to]);
  const taken = new Map<string, number[]>();
  for (const [index, { state }] of steps.slice(1).entries()) {
    const passage = key(steps[index]!.state, state);
    if (!taken.get(passage)?.push(index + 1)) taken.set(passage, [index + 1]);
  }
  return Object.entries(States).flatMap(([from, state]) => {
    const targets = targetsOf(state).toSorted(([, a], [, b]) => rankOf(a) - rankOf(b));
    return [...Map.groupBy(targets, ([to]) => to)].map(([to, ways]) => ({
      from,
      to,
      onlyCaught: ways.every(([, place]) => place.startsWith('Catch')),
      taken: taken.get(key(from, to)) ?? [],
    }));
  });
}

function drawTransition({ from, to, taken, onlyCaught, path, label }: Transition & Line): Html {
  const isTaken = taken.length > 0;
  return html`<g class="transition${onlyCaught ? ' only-caught' : ''}${isTaken ? ' taken' : ''}">
      <title>${from} → ${to}${isTaken ? `: ${taken.join(', ')}` : ''}</title>
      <path d="${path}" marker-end="url(#${isTaken ? 'arrow-taken' : 'arrow'})" />
      ${isTaken ? html`<text x="${label.x}" y="${label.y + 4}">${numbersOf(taken)}</text>` : ''}
    </g>`;
}

function numbersOf(taken: readonly number[]): string {
  if (taken.length <= shownNumbers) return taken.join(', ');
  return `${taken.slice(0, shownNumbers - 1).join(', ')} … (${taken.length}×)`;
}

function drawState({ States }: Definition, { name, x, y, width }: Box, steps: readonly Step[]): Html {
  const { Type, Comment = '' } = States[name]!;
  const stays = steps.filter(({ state }) => state === name);
  const last = stays.at(-1);
  const outcome = last && `${last.outcome}${stays.length > 1 ? ` (${stays.length}×)` : ''}`;
  return html`<g class="state${last ? ` visited ${marks[last.outcome]}` : ''}">
      <title>${name} (${Type}). ${Comment}</title>
      <rect x="${x - width / 2}" y="${y - boxHeight / 2}" width="${width}" height="${boxHeight}" rx="6" />
      <text class="name" x="${x}" y="${outcome === undefined ? y + 4 : y - 4}">${name}</text>
      ${outcome === undefined ? '' : html`<text class="outcome" x="${x}" y="${y + 14}">${outcome}</text>`}
    </g>`;
}

function arrowhead(id: string): Html {
  return html`<marker id="${id}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" /></marker>`;
}
