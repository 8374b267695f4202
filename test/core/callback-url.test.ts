import { expect, test } from '@jest/globals';

import { oddityOfCallbackUrl } from '../../core/callback-url.ts';

test.each([
  ['https://grants.example.com/callback', undefined],
  ['https://127.0.0.1:8182', undefined],
  ['http://127.0.0.1:8182/callback', undefined],
  ['https://grants.example.com/callback/', 'it ends in a slash, which has to be there at the provider too'],
  [
    'https://Grants.example.com/callback',
    'it has capital letters, which have to be the same at the provider',
  ],
  [
    'https://grants.example.com/Callback',
    'it has capital letters, which have to be the same at the provider',
  ],
  ['https://grants.example.com/callback?a=b', 'it has a query or a fragment, which providers do not take'],
  ['https://grants.example.com/callback#a', 'it has a query or a fragment, which providers do not take'],
  ['https://grants.example.com:443', 'it names the port that it has anyway'],
  ['http://grants.example.com:80/callback', 'it names the port that it has anyway'],
  ['https://grants.example.com:443/callback', 'it names the port that it has anyway'],
  ['grants.example.com', 'it is no URL'],
])('%s: %s', (url, oddity) => {
  expect(oddityOfCallbackUrl(url)).toBe(oddity);
});
