import { expect, test } from '@jest/globals';

import { detailsOf, errorOf } from '../../../app/refresh/refusal-error.ts';
import { schwab } from '../../helpers/core-samples.ts';

test('the provider’s words go to the timeline and to operators', () => {
  expect(Object.keys(detailsOf({ error: 'e' }))).toEqual(['error']);
  expect(detailsOf({ error: 'e', description: 'd' })).toEqual({ error: 'e', description: 'd' });
  expect(errorOf('grant-doubted', schwab.provider, 'e')).toMatchObject({
    name: 'TokenEndpointUnavailableError',
    message: 'Charles Schwab gave no usable answer (e).',
  });
});
