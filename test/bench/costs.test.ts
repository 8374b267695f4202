import { expect, test } from '@jest/globals';

import { measureMonth, moving, priced, priceList, total } from './costs.ts';

test('a further connection costs 1.20 dollars a month at most, of which workflow, functions and table 0.30; its client, 0.40', async () => {
  const { connection, client, stack } = await measureMonth();
  const dollars = priced(connection);
  expect(total(dollars)).toBeLessThanOrEqual(1.2);
  expect(total(dollars, moving)).toBeLessThanOrEqual(0.3);
  // Nothing that is billed is forgotten: each of these is used.
  for (const unit of [
    'states.transitions',
    'scheduler.invocations',
    'lambda.requests',
    'lambda.gbSecondsArm',
    'dynamodb.readRequestUnits',
    'dynamodb.writeRequestUnits',
    'secrets.calls',
    'apigateway.httpRequests',
    'logs.ingestedGb',
    'logs.vendedGb',
    'ses.mails',
  ]) {
    expect([unit, dollars[unit]! > 0]).toEqual([unit, true]);
  }
  // Six states a tick of 25 minutes, and a renewal every five days.
  expect(connection['states.transitions']! / (730 * 2.4)).toBeCloseTo(6, 0);
  expect(connection['ses.mails']).toBeCloseTo(730 / 120, 1);
  expect(stack['cloudwatch.alarmMetricMonths']).toBe(24);
  // Connections of one app share it; at Schwab each needs its own.
  expect(priced(client)).toEqual({ 'secrets.secretMonths': 0.4 });
});

test('each price has its unit, and AWS’s page', () => {
  expect(priceList.asOf).toMatch(/^2026-/);
  for (const { usd, unit, page } of Object.values(priceList.prices)) {
    expect(usd).toBeGreaterThan(0);
    expect(unit).not.toBe('');
    expect(page).toMatch(/^https:\/\/aws\.amazon\.com\//);
  }
});
