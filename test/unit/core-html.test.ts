import { expect, test } from '@jest/globals';

import { html } from '../../core/html.ts';
import { parseJson } from '../../core/parse-json.ts';

test('a page without its markup is one line of text', () => {
  const page = html`<p class="a">${`a & b <c> "d" 'e'`}</p>
    <b>f</b>`;
  expect(page.toText()).toBe(`a & b <c> "d" 'e' f`);
});

test('what is no JSON is nothing', () => {
  expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
  expect(parseJson('{"a":')).toBeUndefined();
});
