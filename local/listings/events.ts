/** EventBridge's rules and their targets. */
import * as z from 'zod';

import { AwsError } from '../aws/errors.ts';
import { Count, definer, paged, TableService, Token, type Output } from '../aws/operations.ts';
import { accountId, region, type Authorize } from '../aws/service.ts';
import type { Resource } from '../program/inputs.ts';
import type { Look } from './deployed.ts';

const arnPrefix = `arn:aws:events:${region}:${accountId}`;
const busArn = `${arnPrefix}:event-bus/default`;
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html
const Name = z.string().regex(/^[.\-_A-Za-z0-9]{1,64}$/);
const EventBusName = z.string().min(1).max(1600).optional();
const page = { Limit: Count(100), NextToken: Token };

export function eventsService(look: Look, authorize: Authorize): TableService {
  const define = definer('events', authorize);
  const checkBus = (name = 'default') => {
    if (name !== 'default' && name !== busArn) notFound(`Event bus ${name}`);
  };
  const rules = () => look().resources.ofType('aws:cloudwatch/eventRule:EventRule');
  const ruleOf = (name: string) =>
    rules().find(({ inputs }) => inputs.name === name) ?? notFound(`Rule ${name}`, ' on EventBus default');
  const listed = (member: string, all: readonly unknown[], given: z.output<z.ZodObject<typeof page>>) => {
    const { items, next } = paged(all, {
      max: given.Limit ?? 100,
      token: given.NextToken,
      code: 'ValidationException',
    });
    return { [member]: items, NextToken: next };
  };
  const bus = { Name: 'default', Arn: busArn };
  return new TableService('events', [
    define(
      'ListRules',
      z.strictObject({ NamePrefix: Name.optional(), EventBusName, ...page }),
      ({ NamePrefix: prefix = '', EventBusName: busName, ...given }) => {
        checkBus(busName);
        return listed(
          'Rules',
          rules()
            .filter(({ inputs }) => inputs.name.startsWith(prefix))
            .map(shown),
          given,
        );
      },
      { on: () => `${arnPrefix}:rule/*` },
    ),
    define(
      'DescribeRule',
      z.strictObject({ Name, EventBusName }),
      ({ Name: name, EventBusName: busName }) => {
        checkBus(busName);
        return { ...shown(ruleOf(name)), CreatedBy: accountId };
      },
      { on: ({ Name: name }) => `${arnPrefix}:rule/${name}` },
    ),
    define(
      'ListTargetsByRule',
      z.strictObject({ Rule: Name, EventBusName, ...page }),
      ({ Rule, EventBusName: busName, ...given }) => {
        checkBus(busName);
        ruleOf(Rule);
        const targets = look()
          .resources.ofType('aws:cloudwatch/eventTarget:EventTarget')
          .filter(({ inputs }) => inputs.rule === Rule)
          .map(({ name, inputs: { arn, inputTransformer } }) => ({
            Id: name,
            Arn: arn,
            InputTransformer: {
              InputPathsMap: inputTransformer.inputPaths,
              InputTemplate: inputTransformer.inputTemplate,
            },
          }));
        return listed('Targets', targets, given);
      },
      { on: ({ Rule }) => `${arnPrefix}:rule/${Rule}` },
    ),
    define(
      'ListEventBuses',
      z.strictObject({ NamePrefix: z.string().min(1).optional(), ...page }),
      ({ NamePrefix: prefix = '', ...given }) =>
        listed('EventBuses', 'default'.startsWith(prefix) ? [bus] : [], given),
    ),
    define(
      'DescribeEventBus',
      z.strictObject({ Name: EventBusName }),
      ({ Name: name }) => {
        checkBus(name);
        return bus;
      },
      { on: () => busArn },
    ),
  ]);
}

function shown({ inputs, state }: Resource<'aws:cloudwatch/eventRule:EventRule'>): Output {
  return {
    Name: inputs.name,
    Arn: state.arn,
    EventPattern: inputs.eventPattern,
    State: inputs.state ?? 'ENABLED',
    Description: inputs.description,
    EventBusName: 'default',
  };
}

function notFound(what: string, where = ''): never {
  throw new AwsError('ResourceNotFoundException', `${what} does not exist${where}.`);
}
