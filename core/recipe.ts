import * as z from 'zod/mini';

const TextSchema = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(200),
    z.regex(/^\P{Cc}*$/u, { error: 'must be one line, without control characters' }),
  );

/** The WAI-ARIA roles that a login page uses. https://www.w3.org/TR/wai-aria-1.2/#role_definitions */
const roles = [
  'alert',
  'button',
  'checkbox',
  'combobox',
  'dialog',
  'group',
  'heading',
  'link',
  'option',
  'radio',
  'status',
  'textbox',
] as const;

/** Finds an element by its role and its whole accessible name. */
const ByRoleSchema = z.strictObject({
  role: z.enum(roles),
  name: TextSchema,
});
/** Finds a field by its whole label. */
const ByLabelSchema = z.strictObject({ label: TextSchema });
/** Finds an element by a part of its text, ignoring case. */
const ByTextSchema = z.strictObject({ text: TextSchema });

const ElementSchema = z.union([ByRoleSchema, ByLabelSchema], {
  error: 'must be a role and a name, or a label',
});
const SightSchema = z.union([ByRoleSchema, ByLabelSchema, ByTextSchema], {
  error: 'must be a role and a name, a label, or a text',
});

/** An element of a page. */
export type Element = z.infer<typeof SightSchema>;

const ofEveryStep = {
  /** The step's page may not appear. Then the browser continues with the first later step that it finds. */
  optional: z._default(z.boolean(), false),
  /** The time limit for the step. */
  seconds: z._default(z.int().check(z.minimum(1), z.maximum(60)), 15),
};

const StepSchemas = [
  z.strictObject({
    do: z.literal('fill'),
    field: ElementSchema,
    with: z.enum(['username', 'password'], { error: 'must be username or password' }),
    ...ofEveryStep,
  }),
  z.strictObject({ do: z.literal('click'), on: ElementSchema, ...ofEveryStep }),
  /** Ticks a box unless it is ticked already. */
  z.strictObject({ do: z.literal('tick'), box: ElementSchema, ...ofEveryStep }),
  /** Fills a field with the code of this half-minute (RFC 6238). */
  z.strictObject({ do: z.literal('one-time-code'), field: ElementSchema, ...ofEveryStep }),
  /** Ticks the boxes of these accounts within an element, and no others. */
  z.strictObject({
    do: z.literal('choose-accounts'),
    among: ElementSchema,
    accounts: z.union([z.literal('all'), z.array(TextSchema).check(z.minLength(1), z.maxLength(50))], {
      error: 'must be all, or a list of the texts at their boxes',
    }),
    ...ofEveryStep,
  }),
  /** Waits until an element appears. */
  z.strictObject({ do: z.literal('expect'), see: SightSchema, ...ofEveryStep }),
] as const;

const stepNames = 'fill, click, tick, one-time-code, choose-accounts, expect';

const StepSchema = z.discriminatedUnion('do', StepSchemas, { error: `must be one of ${stepNames}` });
export type Step = z.infer<typeof StepSchema>;

/** Outcomes that a page can show. */
const refusals = ['password-refused', 'code-refused', 'account-locked', 'captcha', 'declined'] as const;

/**
 * The steps of a browser through the pages of one provider, from the authorization request until the provider redirects
 * to the callback. The redirect may come after any step. Steps count from 1.
 */
export const RecipeSchema = z.strictObject({
  steps: z.array(StepSchema).check(z.minLength(1), z.maxLength(40)),
  /** Elements that end the attempt as soon as one appears. */
  refusals: z._default(
    z
      .array(
        z.strictObject({
          see: SightSchema,
          means: z.enum(refusals, { error: `must be one of ${refusals.join(', ')}` }),
        }),
      )
      .check(z.maxLength(40)),
    [],
  ),
  /** The time limit for all steps. */
  seconds: z._default(z.int().check(z.minimum(5), z.maximum(75)), 60),
});
export type Recipe = z.infer<typeof RecipeSchema>;

/** An element for people: `button "Log in"`. */
export function elementLabel(element: Element): string {
  if ('role' in element) return `${element.role} "${element.name}"`;
  return 'label' in element ? `"${element.label}"` : `the text "${element.text}"`;
}

/** The element that a step looks for. */
export function elementOf(step: Step): Element {
  switch (step.do) {
    case 'fill':
    case 'one-time-code':
      return step.field;
    case 'click':
      return step.on;
    case 'tick':
      return step.box;
    case 'choose-accounts':
      return step.among;
    case 'expect':
      return step.see;
  }
}

/** A step for people, without the text that it types: `fill "Password"`. */
export function stepLabel(step: Step): string {
  return `${step.do} ${elementLabel(elementOf(step))}`;
}

/** Recipes that the configuration can name. */
export const recipes: Readonly<Record<string, z.input<typeof RecipeSchema>>> = {
  // The login of local/brokerage.
  'demo-brokerage': {
    steps: [
      { do: 'fill', field: { label: 'Login ID' }, with: 'username' },
      { do: 'fill', field: { label: 'Password' }, with: 'password' },
      { do: 'click', on: { role: 'button', name: 'Log in' } },
      { do: 'one-time-code', field: { label: 'One-time code' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Confirm' }, optional: true },
      { do: 'choose-accounts', among: { role: 'group', name: 'Accounts to share' }, accounts: 'all' },
      { do: 'click', on: { role: 'button', name: 'Continue' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Allow' } },
    ],
    refusals: [
      { see: { text: 'login ID and password do not match' }, means: 'password-refused' },
      { see: { text: 'code is not right' }, means: 'code-refused' },
      { see: { text: 'account is locked' }, means: 'account-locked' },
      { see: { text: 'confirm that you are a person' }, means: 'captcha' },
    ],
  },
  // Untested, and written from what others have published. Schwab is reported to block automated logins, and its terms may
  // forbid them. docs/browser-login.md has more.
  schwab: {
    steps: [
      { do: 'fill', field: { label: 'Login ID' }, with: 'username' },
      { do: 'fill', field: { label: 'Password' }, with: 'password' },
      { do: 'click', on: { role: 'button', name: 'Log in' } },
      { do: 'one-time-code', field: { label: 'Security code' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Continue' }, optional: true },
      { do: 'tick', box: { label: 'I accept the terms and conditions' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Continue' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Accept' }, optional: true },
      { do: 'choose-accounts', among: { role: 'group', name: 'Accounts' }, accounts: 'all', optional: true },
      { do: 'click', on: { role: 'button', name: 'Continue' }, optional: true },
      { do: 'click', on: { role: 'button', name: 'Done' } },
    ],
    refusals: [
      { see: { text: 'login ID or password is incorrect' }, means: 'password-refused' },
      { see: { text: 'code you entered is incorrect' }, means: 'code-refused' },
      { see: { text: 'account has been locked' }, means: 'account-locked' },
      { see: { text: 'not a robot' }, means: 'captcha' },
    ],
    seconds: 75,
  },
};
