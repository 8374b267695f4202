import type { Clock, Timer } from '../../local/aws/clock.ts';

interface Event {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Virtual time: what is to happen, in order. It moves while things run, unlike that of the embedded cloud. */
export class Agenda implements Clock {
  /** A binary heap: no event is before its parent, at half its place. */
  readonly #heap: Event[] = [];
  #nowMs: number;
  #sequence = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, _label: string, run: () => void): Timer {
    const event: Event = { atMs: Math.round(atMs), sequence: this.#sequence++, run, cancelled: false };
    this.#add(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.#nowMs + delayMs, '', run);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Nothing holds this clock: calls take time here. */
  track<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  /** Moves to the next event and begins it; false when none is left. */
  step(): boolean {
    for (let event = this.#take(); event; event = this.#take()) {
      if (event.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      event.run();
      return true;
    }
    return false;
  }

  #add(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || first === last) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
