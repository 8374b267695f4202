import { ScheduledBot } from '../examples/bot/scheduled-bot.ts';
import type { DemoOptions } from './demo.ts';

/** The example of examples/bot/README.md, with Demo Brokerage's API. */
export const addBot: NonNullable<DemoOptions['add']> =
  ({ apiUrl }) =>
  ({ consumerPolicies }) =>
    void new ScheduledBot('bot', {
      connectionId: 'demo-main',
      consumerPolicies,
      apiUrl,
      scheduleExpression: 'rate(60 minutes)',
    });
