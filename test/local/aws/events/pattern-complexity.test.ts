import { expect, test } from '@jest/globals';

import { complexityOf } from '../../../../local/aws/events/pattern-complexity.ts';

// Answers of event-ruler 1.7.3 for the same patterns.
test.each([
  [0, []],
  [2, ['*']],
  [2, ['a', 'bbcab']],
  [3, ['cbac', 'abc*', 'bb']],
  [4, ['*', 'babb*']],
  [6, ['*abbc*', '*bcab']],
  [6, ['b', '*ab*ab', 'cac*cc*']],
  [7, ['a', '*bc*', '*ab*ac*']],
  [9, ['*aa*a*c', '*ac*ccc']],
])('%d is the complexity of %j', (complexity, wildcards) => {
  expect(complexityOf(wildcards)).toBe(complexity);
});

test('all above the limit is one more than the limit', () => {
  expect(complexityOf(['*a*a*a*a*a*a*a*a*'])).toBe(11);
});

test('three paths of secrets with a wildcard on both sides are too complex, two that begin apart are not', () => {
  expect(complexityOf(['*g/prod/*/grant*', '*g/prod/client/*', '*g/prod/webhook/*'])).toBe(11);
  expect(complexityOf(['g/prod/*/grant*', 'arn:aws:secretsmanager:us-east-1:1:secret:g/prod/*/grant*'])).toBe(
    3,
  );
});
