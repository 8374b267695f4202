import { expect, test } from '@jest/globals';

import { html } from '../../core/html.ts';
import { parseJson, parseJsonExactly } from '../../core/parse-json.ts';

test('a page without its markup is one line of text', () => {
  const page = html` <p class="a">${`a & b <c> "d" 'e'`}</p>
    <b>f</b> `;
  expect(page.toText()).toBe(`a & b <c> "d" 'e' f`);
});

test.each([parseJson, parseJsonExactly])('invalid JSON gives undefined: %p', (parse) => {
  expect(parse('{"a":[1,"x",null]}')).toEqual({ a: [1, 'x', null] });
  expect(parse('{"a":')).toBeUndefined();
});

test('a number that is no safe integer is its digits', () => {
  expect(parseJsonExactly('[9007199254740991,9007199254740992,9007199254740993,1.50]')).toEqual([
    9007199254740991,
    '9007199254740992',
    '9007199254740993',
    '1.50',
  ]);
});
