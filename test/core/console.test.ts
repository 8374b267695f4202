import { expect, test } from '@jest/globals';

import { consoleOrigin } from '../../core/console.ts';

test.each([
  ['aws', 'eu-central-1', 'https://eu-central-1.console.aws.amazon.com'],
  ['aws-us-gov', 'us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com'],
  ['aws-cn', 'cn-north-1', 'https://cn-north-1.console.amazonaws.cn'],
  ['aws-later', 'eu-central-1', 'https://eu-central-1.console.aws.amazon.com'],
])('the console of the partition %s in %s is at %s', (partition, region, origin) => {
  expect(consoleOrigin(partition, region)).toBe(origin);
});
