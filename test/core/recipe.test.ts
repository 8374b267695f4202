import { describe, expect, test } from '@jest/globals';

import { RecipeSchema, recipes, stepLabel } from '../../core/recipe.ts';

const stepsOf = (name: string) =>
  RecipeSchema.parse(recipes[name]).steps.map(
    (step) => `${stepLabel(step)}${step.optional ? ', where it comes' : ''}`,
  );
const refusalsOf = (name: string) => RecipeSchema.parse(recipes[name]).refusals.map(({ means }) => means);
const all = ['password-refused', 'code-refused', 'account-locked', 'captcha'];

describe('the way through the login', () => {
  test('of Demo Brokerage', () => {
    expect(stepsOf('demo-brokerage')).toEqual([
      'fill "Login ID"',
      'fill "Password"',
      'click button "Log in"',
      'one-time-code "One-time code", where it comes',
      'click button "Confirm", where it comes',
      'choose-accounts group "Accounts to share"',
      'click button "Continue", where it comes',
      'click button "Allow"',
    ]);
    expect(refusalsOf('demo-brokerage')).toEqual(all);
  });

  test('of Charles Schwab', () => {
    expect(stepsOf('schwab')).toEqual([
      'fill "Login ID"',
      'fill "Password"',
      'click button "Log in"',
      'one-time-code "Security code", where it comes',
      'click button "Continue", where it comes',
      'tick "I accept the terms and conditions", where it comes',
      'click button "Continue", where it comes',
      'click button "Accept", where it comes',
      'choose-accounts group "Accounts", where it comes',
      'click button "Continue", where it comes',
      'click button "Done"',
    ]);
    expect(refusalsOf('schwab')).toEqual(all);
  });
});

describe('a recipe says what it may have', () => {
  const click = { do: 'click', on: { label: 'a' } };
  const messages = (recipe: object) =>
    RecipeSchema.safeParse({ steps: [click], ...recipe }).error?.issues.map(({ message }) => message);

  test.each([
    [
      'no kind of step',
      { do: 'sleep' },
      'must be one of fill, click, tick, one-time-code, choose-accounts, expect',
    ],
    ['no element', { do: 'click', on: {} }, 'must be a role and a name, or a label'],
    ['nothing to see', { do: 'expect', see: {} }, 'must be a role and a name, a label, or a text'],
  ])('%s', (_, step, message) => {
    expect(messages({ steps: [step] })).toEqual([message]);
  });

  test('no refusal', () => {
    expect(messages({ refusals: [{ see: { text: 'a' }, means: 'closed' }] })).toEqual([
      'must be one of password-refused, code-refused, account-locked, captcha, declined',
    ]);
  });

  test('more than a line', () => {
    expect(messages({ refusals: [{ see: { text: 'a\nb' }, means: 'captcha' }] })).toEqual([
      'must be one line, without control characters',
    ]);
  });
});
