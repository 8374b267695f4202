/** The HTTP API and its domain. */
import * as z from 'zod';

import { arn, named, only, text, whole, withoutEffect } from './parts.ts';

const hostName = named(/^([a-z0-9-]+\.)+[a-z]{2,}$/);

export const webSchemas = {
  // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
  'aws:apigatewayv2/api:Api': z.strictObject({
    name: text(1, 128),
    protocolType: only('HTTP'),
    description: withoutEffect(text(0, 1024)),
    disableExecuteApiEndpoint: z.boolean().optional(),
  }),
  // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
  'aws:apigatewayv2/integration:Integration': z.strictObject({
    apiId: z.string(),
    integrationType: only('AWS_PROXY'),
    integrationUri: z.string(),
    payloadFormatVersion: only('2.0'),
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    timeoutMilliseconds: whole(50, 30_000).optional(),
  }),
  // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
  'aws:apigatewayv2/route:Route': z.strictObject({
    apiId: z.string(),
    routeKey: z.string(),
    target: named(/^integrations\/./),
  }),
  // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
  'aws:apigatewayv2/stage:Stage': z.strictObject({
    apiId: z.string(),
    name: only('$default'),
    autoDeploy: z.boolean().optional(),
    accessLogSettings: withoutEffect(z.strictObject({ destinationArn: arn('logs'), format: z.string() })),
    // Throttling has no effect: time stands still here, so a bucket would never refill.
    routeSettings: withoutEffect(
      z.array(
        z.strictObject({
          routeKey: z.string(),
          throttlingRateLimit: z.number().min(0),
          throttlingBurstLimit: z.int().min(0),
        }),
      ),
    ),
  }),
  // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html
  'aws:apigatewayv2/domainName:DomainName': z.strictObject({
    domainName: hostName,
    domainNameConfiguration: z.strictObject({
      certificateArn: z.string().startsWith('arn:aws:acm:', 'must be the ARN of a certificate'),
      endpointType: only('REGIONAL'),
      securityPolicy: only('TLS_1_2'),
    }),
  }),
  'aws:apigatewayv2/apiMapping:ApiMapping': z.strictObject({
    apiId: z.string(),
    domainName: hostName,
    stage: z.string(),
  }),
  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
  'aws:route53/record:Record': z.strictObject({
    zoneId: text(1, 32),
    name: hostName,
    type: only('A'),
    aliases: z
      .array(
        z.strictObject({
          name: z.string(),
          zoneId: text(1, 32),
          evaluateTargetHealth: withoutEffect(z.boolean()),
        }),
      )
      .length(1),
  }),
} as const;
