import { expect, test } from '@jest/globals';
import { sum } from '../../../../local/aws/cloudwatch/metric-math.ts';

test('a sum adds missing values as 0, and is missing where all values are', () => {
  const none = [undefined, undefined, undefined];
  expect(
    sum([
      [1, undefined, undefined],
      [2, 0, undefined],
      [undefined, 4, undefined],
    ]),
  ).toEqual([3, 4, undefined]);
  expect(sum([none, [1, 2, 3]])).toEqual([1, 2, 3]);
});
