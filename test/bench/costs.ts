/** What a connection, and a stack, cost a month: the embedded cloud counts what is used, and a table of public prices tells what that costs. */
import { readFileSync } from 'node:fs';

import type { Usage } from '../../local/aws/meter.ts';
import type { Assumptions } from '../../local/usage.ts';
import { hoursOfMonth, usageOf } from '../../local/usage.ts';
import { hourMs, mailOnly, minuteMs, TestDemo } from '../helpers/demo.ts';
import { events, sleepUntil } from '../helpers/story.ts';

export interface Price {
  readonly usd: number;
  readonly unit: string;
  readonly page: string;
  /** Where it was not found on a price list of the region. */
  readonly confidence?: 'likely' | 'guess';
  readonly freeTier?: string;
}

export const priceList = JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8')) as {
  readonly region: string;
  /** When the prices were these. */
  readonly asOf: string;
  readonly prices: Readonly<Record<string, Price>>;
};

/** Rather too slow than too fast, so that the answer is not too small. */
export const assumptions: Assumptions = { initMs: 400, workMs: 150, awsCallMs: 20, memoryGb: 0.5 };

export interface Month {
  /** By unit of the price list. */
  readonly connection: Usage;
  /** Whose credentials it uses: one of several connections, or its own. */
  readonly client: Usage;
  readonly stack: Usage;
}

const tickMinutes = 25;
/** The first reminder of a grant of a week, whose owner logs in then. */
const hoursToRenewal = 5 * 24;
const retentionMonths = { events: 400 / 30.4, logs: 90 / 30.4 };

/**
 * A month of one connection with Schwab's lifetimes, whose owner logs in at the first mail, and of the stack around it. A day of
 * ticks and one renewal are supported, and the month is made of so many of these.
 */
export async function measureMonth(): Promise<Month> {
  await using demo = await TestDemo.start({ configure: mailOnly });
  const used = () => usageOf(demo.cloud, assumptions);
  await demo.connect();
  const ticks = Math.floor((24 * 60) / tickMinutes);
  const begin = await used();
  const bytesBefore = await eventBytes(demo);
  await demo.advance(ticks * tickMinutes * minuteMs);
  const ofTicks = minus(await used(), begin);
  const bytesOfTicks = (await eventBytes(demo)) - bytesBefore;

  await sleepUntil(
    demo,
    new Date(Date.UTC(2026, 0, 5, 12) + hoursToRenewal * hourMs - minuteMs).toISOString(),
  );
  const before = await used();
  await demo.advance(tickMinutes * minuteMs);
  const done = await demo.logIn(demo.newestLink());
  if (!done.title.startsWith('Done')) throw new Error(`The login ended with ${done.title}.`);
  await demo.cloud.clock.idle();
  const ofRenewal = minus(minus(await used(), before), times(ofTicks, 1 / ticks));

  const ticksAMonth = (hoursOfMonth * 60) / tickMinutes;
  const month = plus(times(ofTicks, ticksAMonth / ticks), times(ofRenewal, hoursOfMonth / hoursToRenewal));
  const { 'cloudwatch.metricMonths': _metrics, ...own } = month;
  const storedGb = ((bytesOfTicks / ticks) * ticksAMonth * retentionMonths.events) / 1e9;
  const alarms = demo.cloud.cloudWatch.metricsOfAlarms();
  return {
    connection: {
      ...own,
      'secrets.secretMonths': 2,
      'dynamodb.storageGbMonths': storedGb,
      'dynamodb.pitrGbMonths': storedGb,
      'logs.storedGbMonths':
        ((own['logs.ingestedGb'] ?? 0) + (own['logs.vendedGb'] ?? 0)) * retentionMonths.logs,
    },
    stack: {
      // All metrics are of the stack, and each is sent in every hour of a month in which it is sent in every hour of a day.
      'cloudwatch.metricMonths': ((ofTicks['cloudwatch.metricMonths'] ?? 0) * hoursOfMonth) / 24,
      'cloudwatch.alarmMetricMonths': alarms,
      'cloudwatch.dashboardMonths': 1,
    },
    client: { 'secrets.secretMonths': 1 },
  };
}

/** In dollars, by unit; what has no price is left out. */
export function priced(usage: Usage): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(usage).flatMap(([unit, amount]) => {
      const price = priceList.prices[unit];
      return price === undefined ? [] : [[unit, amount * price.usd]];
    }),
  );
}

export function total(dollars: Readonly<Record<string, number>>, services?: RegExp): number {
  return Object.entries(dollars).reduce(
    (sum, [unit, usd]) => (services === undefined || services.test(unit) ? sum + usd : sum),
    0,
  );
}

/** Workflow, functions and table. */
export const moving = /^(states|scheduler|lambda|dynamodb)\./;

async function eventBytes(demo: TestDemo): Promise<number> {
  const all = await events(demo);
  return all.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)) + 60, 0);
}

const minus = (a: Usage, b: Usage): Usage => combined(a, b, (x, y) => x - y);
const plus = (a: Usage, b: Usage): Usage => combined(a, b, (x, y) => x + y);
const times = (a: Usage, factor: number): Usage => combined(a, {}, (x) => x * factor);

function combined(a: Usage, b: Usage, combine: (x: number, y: number) => number): Usage {
  const units = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...units].map((unit) => [unit, combine(a[unit] ?? 0, b[unit] ?? 0)]));
}
