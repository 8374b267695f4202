/** `npm run test:exhaustive` tries every case. `npm test` tries a spread of them, so that it takes minutes. */
export const isExhaustive = process.env.GRANTKEEPER_EXHAUSTIVE === '1';

/** Whether a function is killed before its call number `skip` (from 0): every third, and those that matter most. */
export const isKillPoint = (skip: number, always: readonly number[] = []): boolean =>
  isExhaustive || skip % 3 === 1 || always.includes(skip);
