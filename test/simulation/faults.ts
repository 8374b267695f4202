import type { Dice } from './dice.ts';

/** What can go wrong with a call. */
export type Fault =
  /** Nothing happens there, and the caller hears of it. */
  | 'refused'
  /** It happens, but the caller hears otherwise. */
  | 'answer lost'
  /** The first answer is lost and the client asks again: it happens twice, and the second answer counts. */
  | 'asked twice'
  /** It happens, after the caller has given up. */
  | 'late'
  /** It takes seconds. */
  | 'slow'
  /** The function dies while it waits: before it happens, or after. */
  | 'killed before'
  | 'killed after';

const ofAws: readonly Fault[] = [
  'refused',
  'answer lost',
  'asked twice',
  'late',
  'slow',
  'slow',
  'killed before',
  'killed after',
];
/** HTTP delivers a POST once, and nobody repeats it unasked. */
const ofProvider = ofAws.filter((fault) => fault !== 'asked twice');
const ofWorkflow: readonly Fault[] = ['refused', 'answer lost', 'slow'];

/** Throws the faults, and counts them. */
export class Faults {
  readonly #dice: Dice;
  readonly #rate: number;
  readonly #counts: Record<string, number> = {};
  /** Below the rate while nothing may fail, above it while much does. */
  intensity = 0;

  constructor(dice: Dice, rate: number) {
    this.#dice = dice;
    this.#rate = rate;
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  atAws(): Fault | undefined {
    return this.#throw(ofAws, 1);
  }

  /** The calls that spend something meet more of them. */
  atProvider(): Fault | undefined {
    return this.#throw(ofProvider, 4);
  }

  /** What the state machine itself calls. */
  ofWorkflow(): Fault | undefined {
    return this.#throw(ofWorkflow, 1);
  }

  /** Something else that goes wrong, so many times as likely as a call. */
  happens(what: string, weight: number): boolean {
    const happens = this.#dice.chance(Math.min(0.5, this.#rate * this.intensity * weight));
    if (happens) this.count(what);
    return happens;
  }

  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  #throw(kinds: readonly Fault[], weight: number): Fault | undefined {
    if (!this.#dice.chance(Math.min(0.5, this.#rate * this.intensity * weight))) return undefined;
    const fault = this.#dice.pick(kinds);
    this.count(fault);
    return fault;
  }
}
