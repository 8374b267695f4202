/** Mail, topics and the event bus. */
import * as z from 'zod';

import { accountId, region } from '../service.ts';
import { arn, json, named, only, text, withoutEffect } from './parts.ts';

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
const configurationSetName = named(/^[A-Za-z0-9_-]{1,64}$/);

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
const ruleName = named(/^[.\-_A-Za-z0-9]{1,64}$/);

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
const InputTransformer = z
  .strictObject({
    inputPaths: z
      .record(
        z.string().regex(/^(?!AWS)[A-Za-z0-9_-]{1,256}$/, 'is not a name that EventBridge takes'),
        z.string().startsWith('$', 'must be a path into the event').max(256),
      )
      .refine((paths) => Object.keys(paths).length <= 100, 'may have 100 entries'),
    inputTemplate: text(1, 8192),
  })
  .check(({ value: { inputPaths, inputTemplate: input }, issues }) => {
    for (const [placeholder, name] of input.matchAll(/<([^<>\s]+)>/g)) {
      if (Object.hasOwn(inputPaths, name!)) continue;
      const message = `${placeholder} is not among inputPaths`;
      issues.push({ code: 'custom', input, message, path: ['inputTemplate'] });
    }
  });

export const messageSchemas = {
  // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html
  'aws:sesv2/emailIdentity:EmailIdentity': z.strictObject({ emailIdentity: text(1, 320) }),
  'aws:sesv2/configurationSet:ConfigurationSet': z.strictObject({
    configurationSetName,
    // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReputationOptions.html
    reputationOptions: withoutEffect(z.strictObject({ reputationMetricsEnabled: z.boolean() })),
    // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeliveryOptions.html
    deliveryOptions: withoutEffect(z.strictObject({ tlsPolicy: z.enum(['REQUIRE', 'OPTIONAL']) })),
  }),
  // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_EventDestinationDefinition.html
  'aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination': z.strictObject({
    configurationSetName,
    eventDestinationName: named(/^[A-Za-z0-9_-]{1,64}$/),
    eventDestination: z.strictObject({
      enabled: only(true),
      // ses.ts checks which of them are supported.
      matchingEventTypes: z.array(z.string()).min(1),
      // "You can only use the default bus."
      // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_EventBridgeDestination.html
      eventBridgeDestination: z.strictObject({
        eventBusArn: z.literal(
          `arn:aws:events:${region}:${accountId}:event-bus/default`,
          'must be the default bus',
        ),
      }),
    }),
  }),

  // https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
  'aws:sns/topic:Topic': z.strictObject({
    name: named(/^[A-Za-z0-9_-]{1,256}$/),
    displayName: withoutEffect(text(0, 100)),
  }),
  // The inbox shows every message of a topic, with or without subscribers.
  // https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
  'aws:sns/topicSubscription:TopicSubscription': z.strictObject({
    topic: arn('sns'),
    protocol: only('email'),
    endpoint: z.email('must be an e-mail address'),
  }),
  'aws:sns/topicPolicy:TopicPolicy': z.strictObject({ arn: arn('sns'), policy: json }),

  'aws:cloudwatch/eventRule:EventRule': z.strictObject({
    name: ruleName,
    description: withoutEffect(text(0, 512)),
    eventPattern: json,
    state: only('ENABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS').optional(),
  }),
  // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
  'aws:cloudwatch/eventTarget:EventTarget': z.strictObject({
    rule: ruleName,
    arn: arn('sns'),
    inputTransformer: InputTransformer,
  }),
} as const;
