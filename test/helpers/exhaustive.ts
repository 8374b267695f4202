/** `npm run test:exhaustive` tries every case. `npm test` tries a spread of them, so that it takes minutes. */
export const isExhaustive = process.env.GRANTKEEPER_EXHAUSTIVE === '1';

/**
 * The numbers, from 0, of the calls before which a test kills a function: every third one.
 * @param always numbers that `npm test` must not leave out
 */
export function* killPoints(always: readonly number[] = []): Generator<number> {
  for (let call = 0; ; call += 1) {
    if (isExhaustive || call % 3 === 1 || always.includes(call)) yield call;
  }
}
