/**
 * The embedded cloud's own time. It stands still while anything runs and moves only when it is stepped:
 * by a duration, or to the next due event. Workers see it through `shared` (see `lambda-worker.ts`).
 */
export interface Timer {
  cancel(): void;
}

/** Events run in the order of `atMs` (epoch milliseconds, virtual), then of creation. */
interface DueEvent {
  readonly atMs: number;
  readonly sequence: number;
  readonly label: string;
  readonly isBackground: boolean;
  readonly run: () => void;
}

export interface Ran {
  readonly at: string;
  readonly label: string;
}

export interface Clock {
  /** Epoch milliseconds, virtual. */
  now(): number;
  /** Runs `run` once when virtual time reaches `atMs` (at once, on the next step, if that is past). */
  at(atMs: number, label: string, run: () => void): Timer;
  /** Holds time still until the work settles. Returns the same promise. */
  track<T>(work: Promise<T>): Promise<T>;
}

export class VirtualClock implements Clock {
  /** Virtual epoch milliseconds for other threads: one 64-bit integer. */
  readonly shared = new SharedArrayBuffer(8);
  readonly #cell = new BigInt64Array(this.shared);
  readonly #events = new Set<DueEvent>();
  #sequence = 0;
  #underWay = 0;
  #waitingForIdle: (() => void)[] = [];
  #stepping: Promise<unknown> = Promise.resolve();

  constructor(startMs: number) {
    this.#set(startMs);
  }

  now(): number {
    return Number(Atomics.load(this.#cell, 0));
  }

  at(atMs: number, label: string, run: () => void): Timer {
    return this.#plan(atMs, label, run, false);
  }

  /** Like `at`, but `next` doesn't count it: stepping to the next event skips it. */
  inBackground(atMs: number, label: string, run: () => void): Timer {
    return this.#plan(atMs, label, run, true);
  }

  #plan(atMs: number, label: string, run: () => void, isBackground: boolean): Timer {
    const event: DueEvent = { atMs, sequence: this.#sequence++, label, isBackground, run };
    this.#events.add(event);
    return { cancel: () => void this.#events.delete(event) };
  }

  track<T>(work: Promise<T>): Promise<T> {
    this.#underWay += 1;
    const settled = () => {
      this.#underWay -= 1;
      if (this.#underWay === 0) {
        for (const wake of this.#waitingForIdle.splice(0)) wake();
      }
    };
    work.then(settled, settled);
    return work;
  }

  /** Resolves when no function, state or request is running. */
  async idle(): Promise<void> {
    // Work often starts more work in the same turn; a macrotask lets that begin.
    do {
      if (this.#underWay > 0) await new Promise<void>((resolve) => this.#waitingForIdle.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#underWay > 0);
  }

  /** When the next event is due, or undefined when none is planned. */
  next(): { at: string; label: string } | undefined {
    const event = this.#earliest(({ isBackground }) => !isBackground);
    return event && { at: new Date(event.atMs).toISOString(), label: event.label };
  }

  /** Runs all events due up to `now + durationMs`, in order, and leaves the clock there. */
  advance(durationMs: number): Promise<Ran[]> {
    return this.#step(async () => this.#runUntil(this.now() + durationMs));
  }

  /** Moves to the next planned event and runs all events due at that instant. */
  advanceToNext(): Promise<Ran[]> {
    return this.#step(async () => {
      const event = this.#earliest(({ isBackground }) => !isBackground);
      return event ? this.#runUntil(Math.max(event.atMs, this.now())) : [];
    });
  }

  /** Steps wait for each other, so two callers never interleave. */
  #step(work: () => Promise<Ran[]>): Promise<Ran[]> {
    const step = this.#stepping.then(work);
    this.#stepping = step.catch(() => undefined);
    return step;
  }

  async #runUntil(untilMs: number): Promise<Ran[]> {
    const ran: Ran[] = [];
    await this.idle();
    for (let event = this.#earliest(); event && event.atMs <= untilMs; event = this.#earliest()) {
      this.#events.delete(event);
      this.#set(Math.max(event.atMs, this.now()));
      if (!event.isBackground) ran.push({ at: new Date(this.now()).toISOString(), label: event.label });
      event.run();
      await this.idle();
    }
    this.#set(untilMs);
    return ran;
  }

  #earliest(isMeant: (event: DueEvent) => boolean = () => true): DueEvent | undefined {
    let earliest: DueEvent | undefined;
    for (const event of this.#events) {
      if (!isMeant(event)) continue;
      if (
        !earliest ||
        event.atMs < earliest.atMs ||
        (event.atMs === earliest.atMs && event.sequence < earliest.sequence)
      ) {
        earliest = event;
      }
    }
    return earliest;
  }

  #set(epochMs: number): void {
    Atomics.store(this.#cell, 0, BigInt(Math.round(epochMs)));
  }
}

/** Node runs a timer with a longer delay at once. */
const maximumDelayMs = 2 ** 31 - 1;

/** A timer in real time, for calls: the virtual clock stands still while they run. */
export function realTimer(afterMs: number, run: () => void): Timer {
  // Such a timer never fires: the embedded cloud doesn't run for 24 days.
  if (afterMs > maximumDelayMs) return { cancel: () => undefined };
  const timer = setTimeout(run, afterMs).unref();
  return { cancel: () => clearTimeout(timer) };
}
