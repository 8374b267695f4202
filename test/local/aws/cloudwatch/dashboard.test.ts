import { expect, test } from '@jest/globals';
import { checkDashboard } from '../../../../local/aws/cloudwatch/dashboard.ts';

const check = (body: unknown, dashboardName = 'grantkeeper') =>
  checkDashboard({ dashboardName, dashboardBody: typeof body === 'string' ? body : JSON.stringify(body) });
const text = { type: 'text', x: 0, y: 0, width: 12, height: 6, properties: { markdown: '# Grants' } };
const metric = { type: 'metric', properties: { region: 'us-east-1', metrics: [['Grantkeeper', 'Failed']] } };

test('a dashboard is accepted when its structure is right', () => {
  check({ widgets: [] });
  check({ start: '-PT6H', periodOverride: 'inherit', widgets: [text, metric] });
});

test.each<[string, () => void, string]>([
  ['a name with a space', () => check({ widgets: [] }, 'a b'), "Value at 'dashboardName'"],
  ['a body that is not JSON', () => check('{'), 'is not JSON'],
  ['no widgets', () => check({}), "Value at 'widgets'"],
  ['501 widgets', () => check({ widgets: Array.from({ length: 501 }, () => text) }), 'widgets'],
  ['a widget past the last column', () => check({ widgets: [{ ...text, x: 13 }] }), 'wider than the grid'],
  ['x without y', () => check({ widgets: [{ ...text, y: undefined }] }), 'one of x and y'],
  ['text without markdown', () => check({ widgets: [{ ...text, properties: {} }] }), 'properties.markdown'],
  ['an unknown type', () => check({ widgets: [{ ...text, type: 'map' }] }), "Value at 'widgets.0.type'"],
  [
    'a graph without a region',
    () => check({ widgets: [{ ...metric, properties: {} }] }),
    "Value at 'widgets.0.properties.region'",
  ],
  [
    'variables',
    () => check({ widgets: [], variables: [] }),
    'does not support the parameter variables of the dashboard grantkeeper',
  ],
])('a dashboard is refused with %s', (_what, run, words) => {
  expect(run).toThrow(words);
});
