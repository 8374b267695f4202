import { Api, ApiMapping, DomainName, Integration, Route, Stage } from '@pulumi/aws/apigatewayv2/index.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { Permission } from '@pulumi/aws/lambda/index.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { GrantkeeperConfig } from '../config.ts';
import type { LambdaFunction } from './function.ts';

export interface HttpApiArgs {
  readonly prefix: string;
  readonly domain: GrantkeeperConfig['domain'];
  readonly logRetentionDays: number;
  readonly routes: readonly RouteArgs[];
}

export interface RouteArgs {
  readonly name: string;
  readonly target: LambdaFunction;
  /** By what is added to the name of each route's resource. */
  readonly routeKeys: Readonly<Record<string, string>>;
  /** Requests a second, and at once, of each route key; what is more gets a 429 from API Gateway. */
  readonly throttling: { readonly rateLimit: number; readonly burstLimit: number };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html */
export interface DomainTarget {
  readonly name: string;
  /** API Gateway's own zone, for an alias record in Route 53. */
  readonly hostedZoneId: string;
}

/** Access logs name the route, never the path or the query: those hold links, codes and `state`. */
const accessLogFormat = JSON.stringify({
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLatency: '$context.responseLatency',
  integrationError: '$context.integration.error',
});

/** The HTTP API that owners' browsers and the provider's redirect reach. */
export class HttpApi extends pulumi.ComponentResource {
  /** Where links begin, without a slash at the end. */
  readonly publicUrl: pulumi.Output<string>;
  /** To be registered with the provider, exactly so. */
  readonly callbackUrl: pulumi.Output<string>;
  readonly apiId: pulumi.Output<string>;
  /** The target of the domain's DNS record, if its zone is not in Route 53. */
  readonly domainTarget: pulumi.Output<DomainTarget> | undefined;
  readonly #name: string;
  readonly #api: Api;

  constructor(name: string, args: HttpApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:HttpApi', name, {}, opts);
    this.#name = name;
    const parent = { parent: this };
    // The callback URL is registered with the provider and changing it takes days: without a domain of its
    // own the API's generated address is that URL.
    this.#api = new Api(
      `${name}-api`,
      {
        name: args.prefix,
        protocolType: 'HTTP',
        description: 'Grantkeeper: links for owners, the OAuth callback, and the panel.',
        disableExecuteApiEndpoint: args.domain !== undefined,
      },
      { ...parent, protect: args.domain === undefined },
    );
    // API Gateway adds the group to the log groups' resource policy, where /aws/vendedlogs/ is one entry for all:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    const logs = new LogGroup(
      `${name}-logs`,
      { name: `/aws/vendedlogs/apigateway/${args.prefix}`, retentionInDays: args.logRetentionDays },
      parent,
    );
    const routes = args.routes.flatMap((route) => this.#route(route));
    const stage = new Stage(
      `${name}-stage`,
      {
        apiId: this.#api.id,
        name: '$default',
        autoDeploy: true,
        accessLogSettings: { destinationArn: logs.arn, format: accessLogFormat },
        routeSettings: args.routes.flatMap(({ routeKeys, throttling }) =>
          Object.values(routeKeys).map((routeKey) => ({
            routeKey,
            throttlingRateLimit: throttling.rateLimit,
            throttlingBurstLimit: throttling.burstLimit,
          })),
        ),
      },
      // API Gateway refuses settings of a route that is not there.
      { ...parent, dependsOn: routes },
    );
    const domain = args.domain && this.#customDomain(args.domain, stage);
    this.publicUrl = domain?.url ?? this.#api.apiEndpoint;
    this.domainTarget = domain?.target;
    this.apiId = this.#api.id;
    this.callbackUrl = pulumi.interpolate`${this.publicUrl}/callback`;
    this.registerOutputs({ callbackUrl: this.callbackUrl });
  }

  /** Sends the route keys to a function. */
  #route({ name, target, routeKeys }: RouteArgs): Route[] {
    const parent = { parent: this };
    const integration = new Integration(
      `${this.#name}-${name}-integration`,
      {
        apiId: this.#api.id,
        integrationType: 'AWS_PROXY',
        integrationUri: target.invokeArn,
        payloadFormatVersion: '2.0',
        timeoutMilliseconds: 30_000,
      },
      parent,
    );
    new Permission(
      `${this.#name}-${name}-permission`,
      {
        action: 'lambda:InvokeFunction',
        function: target.name,
        principal: 'apigateway.amazonaws.com',
        sourceArn: pulumi.interpolate`${this.#api.executionArn}/*/*`,
      },
      parent,
    );
    return Object.entries(routeKeys).map(
      ([suffix, routeKey]) =>
        new Route(
          `${this.#name}-${name}-${suffix}`,
          { apiId: this.#api.id, routeKey, target: pulumi.interpolate`integrations/${integration.id}` },
          parent,
        ),
    );
  }

  #customDomain(domain: NonNullable<HttpApiArgs['domain']>, stage: Stage) {
    const parent = { parent: this };
    const name = new DomainName(
      `${this.#name}-domain`,
      {
        domainName: domain.name,
        domainNameConfiguration: {
          certificateArn: domain.certificateArn,
          endpointType: 'REGIONAL',
          securityPolicy: 'TLS_1_2',
        },
      },
      { ...parent, protect: true },
    );
    new ApiMapping(
      `${this.#name}-mapping`,
      { apiId: this.#api.id, domainName: name.id, stage: stage.id },
      parent,
    );
    if (domain.hostedZoneId !== undefined) {
      new DnsRecord(
        `${this.#name}-record`,
        {
          zoneId: domain.hostedZoneId,
          name: domain.name,
          type: 'A',
          aliases: [
            {
              name: name.domainNameConfiguration.targetDomainName,
              zoneId: name.domainNameConfiguration.hostedZoneId,
              evaluateTargetHealth: false,
            },
          ],
        },
        parent,
      );
    }
    const target = name.domainNameConfiguration.apply(({ targetDomainName, hostedZoneId }): DomainTarget => ({
      name: targetDomainName,
      hostedZoneId,
    }));
    return {
      url: pulumi.interpolate`https://${name.domainName}`,
      target: domain.hostedZoneId === undefined ? target : undefined,
    };
  }
}
