/** EventBridge: `aws events list-rules`. */
import * as z from 'zod';

import { AwsError } from '../errors.ts';
import { Count, definer, paged, TableService, Token } from '../operations.ts';
import { accountId, region, type Authorize } from '../service.ts';
import type { Look } from './deployed.ts';

const arnPrefix = `arn:aws:events:${region}:${accountId}`;
const buses = ['default', `${arnPrefix}:event-bus/default`];

export function eventsService(look: Look, authorize: Authorize): TableService {
  const define = definer('events', authorize);
  return new TableService('events', [
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html
    define(
      'ListRules',
      z.strictObject({
        NamePrefix: z
          .string()
          .regex(/^[.\-_A-Za-z0-9]{1,64}$/)
          .optional(),
        EventBusName: z.string().min(1).max(1600).default('default'),
        Limit: Count(100),
        NextToken: Token,
      }),
      ({ NamePrefix: prefix = '', EventBusName: bus, Limit: max = 100, NextToken: token }) => {
        if (!buses.includes(bus))
          throw new AwsError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
        const rules = look()
          .resources.ofType('aws:cloudwatch/eventRule:EventRule')
          .filter(({ inputs }) => inputs.name.startsWith(prefix))
          .map(({ inputs, state }) => ({
            Name: inputs.name,
            Arn: state.arn,
            EventPattern: inputs.eventPattern,
            State: inputs.state ?? 'ENABLED',
            Description: inputs.description,
            EventBusName: 'default',
          }));
        const { items, next } = paged(rules, { max, token, code: 'ValidationException' });
        return { Rules: items, NextToken: next };
      },
      { on: () => `${arnPrefix}:rule/*` },
    ),
  ]);
}
