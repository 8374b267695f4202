/** What an error code of the callback means. */
import { expect, test } from '@jest/globals';

import { classifyAuthorizationError } from '../../core/authorization-answer.ts';

test.each([
  ['access_denied', {}, 'declined'],
  ['temporarily_unavailable', {}, 'unavailable'],
  ['server_error', {}, 'unavailable'],
  ['login_required', {}, 'unfinished'],
  ['interaction_required', {}, 'unfinished'],
  ['consent_required', {}, 'unfinished'],
  ['account_selection_required', {}, 'unfinished'],
  ['invalid_scope', {}, 'request-rejected'],
  ['', {}, 'request-rejected'],
  ['login_required', { authorizationParameters: {} }, 'unfinished'],
  ['login_required', { authorizationParameters: { prompt: 'login consent' } }, 'unfinished'],
  ['login_required', { authorizationParameters: { prompt: 'login none' } }, 'request-rejected'],
])('%s, asked with %j, is %s', (code, asked, refusal) => {
  expect(classifyAuthorizationError(code, asked)).toBe(refusal);
});
