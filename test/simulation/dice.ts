import { systemRandom } from '../../adapters/system.ts';
import type { Random } from '../../core/ports.ts';

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const hexadecimal = '0123456789abcdef';

/** Chance that a seed decides: the same seed, the same throws (the generator is Chris Doty-Humphrey's sfc32). */
export class Dice {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed, Math.floor(seed / 2 ** 32), 0x9e3779b9, 1);
    for (let warmUp = 0; warmUp < 16; warmUp += 1) this.next();
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    const state = this.#state;
    const [a, b, c, counter] = state as unknown as [number, number, number, number];
    const sum = (a + b + counter) >>> 0;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Mostly near `low`, seldom far: every order of magnitude up to `high` is as likely as another. */
  skewed(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }

  text(alphabet: string, length: number): string {
    let text = '';
    for (let at = 0; at < length; at += 1) text += alphabet[Math.floor(this.next() * alphabet.length)]!;
    return text;
  }
}

/** What the functions take for randomness. */
export function diceRandom(dice: Dice): Random {
  return {
    secret: () => dice.text(base64url, 43),
    uuid: () => {
      const digits = dice.text(hexadecimal, 32);
      return [8, 12, 16, 20, 32].map((end, at) => digits.slice([0, 8, 12, 16, 20][at], end)).join('-');
    },
    hash: (value) => systemRandom.hash(value),
  };
}
