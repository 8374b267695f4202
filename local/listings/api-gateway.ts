/** API Gateway's HTTP API: its routes, integrations, stages and domain. */
import * as z from 'zod';

import { AwsError } from '../aws/errors.ts';
import { definer, paged, TableService, Token, type Output } from '../aws/operations.ts';
import { accountId, region, type Authorize } from '../aws/service.ts';
import type { Look } from './deployed.ts';

// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html: names of parameters in a query begin small
const page = { maxResults: z.coerce.number().int().min(1).optional(), nextToken: Token };
const ofApi = { ApiId: z.string().min(1) };

interface Page {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

export function apiGatewayService(look: Look, authorize: Authorize): TableService {
  const parse = definer('apigateway', authorize, 'BadRequestException');
  // Every read is the action GET, on the path.
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
  const at = <Given>(path: (given: Given) => string) => ({
    action: 'GET',
    on: (given: Given) => `arn:aws:apigateway:${region}::${path(given)}`,
  });
  const time = () => new Date(look().atMs).toISOString();
  const all = <T extends Parameters<ReturnType<Look>['resources']['ofType']>[0]>(type: T) =>
    look().resources.ofType(type);
  const apis = () =>
    all('aws:apigatewayv2/api:Api').map(({ id, inputs, state }) => ({
      apiId: id,
      apiEndpoint: state.apiEndpoint,
      name: inputs.name,
      description: inputs.description,
      protocolType: inputs.protocolType,
      createdDate: time(),
      disableExecuteApiEndpoint: inputs.disableExecuteApiEndpoint ?? false,
      apiKeySelectionExpression: '$request.header.x-api-key',
      routeSelectionExpression: '$request.method $request.path',
      ipAddressType: 'ipv4',
      tags: {},
    }));
  const apiOf = (id: string) =>
    apis().find(({ apiId }) => apiId === id) ??
    notFound(`Invalid API identifier specified ${accountId}:${id}`);

  /** A list of what an API has. */
  const within = (operation: string, path: string, items: (apiId: string) => readonly Output[]) =>
    parse(
      operation,
      z.strictObject({ ...ofApi, ...page }),
      ({ ApiId: id, ...given }) => {
        apiOf(id);
        return listed(items(id), given);
      },
      at(({ ApiId: id }) => `/apis/${id}/${path}`),
    );

  return new TableService('apigateway', [
    parse(
      'GetApis',
      z.strictObject(page),
      (given) => listed(apis(), given),
      at(() => '/apis'),
    ),
    parse(
      'GetApi',
      z.strictObject(ofApi),
      ({ ApiId: id }) => apiOf(id),
      at(({ ApiId: id }) => `/apis/${id}`),
    ),
    within('GetRoutes', 'routes', (apiId) =>
      all('aws:apigatewayv2/route:Route')
        .filter(({ inputs }) => inputs.apiId === apiId)
        .map(({ id, inputs: { routeKey, target } }) => ({
          routeId: id,
          routeKey,
          target,
          authorizationType: 'NONE',
          apiKeyRequired: false,
        })),
    ),
    within('GetIntegrations', 'integrations', (apiId) =>
      all('aws:apigatewayv2/integration:Integration')
        .filter(({ inputs }) => inputs.apiId === apiId)
        .map(({ id, inputs }) => ({
          integrationId: id,
          integrationType: inputs.integrationType,
          integrationUri: inputs.integrationUri,
          integrationMethod: 'POST',
          connectionType: 'INTERNET',
          payloadFormatVersion: inputs.payloadFormatVersion,
          timeoutInMillis: inputs.timeoutMilliseconds ?? 30_000,
        })),
    ),
    within('GetStages', 'stages', (apiId) =>
      all('aws:apigatewayv2/stage:Stage')
        .filter(({ inputs }) => inputs.apiId === apiId)
        .map(({ inputs: { name, autoDeploy = false, accessLogSettings, routeSettings = [] } }) => ({
          stageName: name,
          autoDeploy,
          createdDate: time(),
          lastUpdatedDate: time(),
          defaultRouteSettings: { detailedMetricsEnabled: false },
          accessLogSettings,
          routeSettings: Object.fromEntries(
            routeSettings.map(({ routeKey, throttlingRateLimit, throttlingBurstLimit }) => [
              routeKey,
              { throttlingRateLimit, throttlingBurstLimit },
            ]),
          ),
          stageVariables: {},
          tags: {},
        })),
    ),
    parse(
      'GetDomainNames',
      z.strictObject(page),
      (given) => {
        const names = all('aws:apigatewayv2/domainName:DomainName').map(({ inputs, state }) => ({
          domainName: inputs.domainName,
          apiMappingSelectionExpression: '$request.basepath',
          domainNameConfigurations: [
            {
              apiGatewayDomainName: (state.domainNameConfiguration as Output).targetDomainName,
              certificateArn: inputs.domainNameConfiguration.certificateArn,
              endpointType: inputs.domainNameConfiguration.endpointType,
              securityPolicy: inputs.domainNameConfiguration.securityPolicy,
              domainNameStatus: 'AVAILABLE',
            },
          ],
        }));
        return listed(names, given);
      },
      at(() => '/domainnames'),
    ),
    parse(
      'GetApiMappings',
      z.strictObject({ DomainName: z.string().min(1), ...page }),
      ({ DomainName: name, ...given }) => {
        const known = all('aws:apigatewayv2/domainName:DomainName').some(
          ({ inputs }) => inputs.domainName === name,
        );
        if (!known) notFound('Invalid domain name identifier specified');
        const mappings = all('aws:apigatewayv2/apiMapping:ApiMapping')
          .filter(({ inputs }) => inputs.domainName === name)
          .map(({ id, inputs: { apiId, stage } }) => ({ apiMappingId: id, apiId, stage, apiMappingKey: '' }));
        return listed(mappings, given);
      },
      at(({ DomainName: name }) => `/domainnames/${name}/apimappings`),
    ),
  ]);
}

function listed(all: readonly Output[], { maxResults: max = 100, nextToken: token }: Page): Output {
  const { items, next } = paged(all, { max, token, code: 'BadRequestException' });
  return { items, nextToken: next };
}

function notFound(message: string): never {
  throw new AwsError('NotFoundException', message, 404);
}
