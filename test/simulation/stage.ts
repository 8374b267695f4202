import { Agenda } from './agenda.ts';
import type { Dice } from './dice.ts';
import { Faults } from './faults.ts';

/** A promise of the design that did not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}

/** Lines of the trace that are kept: days, mostly. */
const keptLines = 5000;

/** What everything in one simulated world shares: time, chance, faults, and the book of what happened. */
export class Stage {
  readonly startMs: number;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly faults: Faults;
  /** Calls that took effect, or failed to. */
  steps = 0;
  violation: Violation | undefined;
  readonly #lines: (() => string)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(startMs: number, dice: Dice, faultRate: number) {
    this.startMs = startMs;
    this.agenda = new Agenda(startMs);
    this.dice = dice;
    this.faults = new Faults(dice, faultRate);
  }

  get nowMs(): number {
    return this.agenda.now();
  }

  /** Something has begun that others may meet. */
  begins(): void {
    for (const meet of this.#waiting.splice(0)) meet();
  }

  /** Waits so long, or until something begins that one might meet. */
  async untilOthersMove(mostMs: number): Promise<void> {
    await Promise.race([
      this.agenda.sleep(mostMs),
      new Promise<void>((resolve) => this.#waiting.push(resolve)),
    ]);
    await this.agenda.sleep(this.dice.skewed(1, 3000));
  }

  /** The first one counts: what follows may follow from it. */
  fail(invariant: string, detail: string): void {
    this.violation ??= new Violation(invariant, detail);
  }

  /** Written only when it is read. */
  note(line: () => string): void {
    const { steps, nowMs } = this;
    this.#lines.push(() => `${String(steps).padStart(6)}  ${this.timeOf(nowMs)}  ${line()}`);
    if (this.#lines.length > 2 * keptLines) this.#lines.splice(0, keptLines);
  }

  trace(): string[] {
    return this.#lines.slice(-keptLines).map((line) => line());
  }

  /** Days and time since the beginning. */
  timeOf(epochMs: number): string {
    const time = new Date(epochMs - this.startMs).toISOString().slice(11, 23);
    return `${Math.floor((epochMs - this.startMs) / 86_400_000)}d ${time}`;
  }
}
