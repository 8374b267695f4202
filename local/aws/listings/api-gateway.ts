/** API Gateway: `aws apigatewayv2 get-apis`. */
import * as z from 'zod';

import { definer, paged, TableService, Token } from '../operations.ts';
import { region, type Authorize } from '../service.ts';
import type { Look } from './deployed.ts';

// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html: names of parameters in a query begin small
const page = { maxResults: z.coerce.number().int().min(1).optional(), nextToken: Token };

export function apiGatewayService(look: Look, authorize: Authorize): TableService {
  const code = 'BadRequestException';
  const define = definer('apigateway', authorize, code);
  return new TableService('apigateway', [
    define(
      'GetApis',
      z.strictObject(page),
      ({ maxResults: max = 100, nextToken: token }) => {
        const { resources, atMs } = look();
        const apis = resources.ofType('aws:apigatewayv2/api:Api').map(({ id, inputs, state }) => ({
          apiId: id,
          apiEndpoint: state.apiEndpoint,
          name: inputs.name,
          description: inputs.description,
          protocolType: inputs.protocolType,
          createdDate: new Date(atMs).toISOString(),
          disableExecuteApiEndpoint: inputs.disableExecuteApiEndpoint ?? false,
          apiKeySelectionExpression: '$request.header.x-api-key',
          routeSelectionExpression: '$request.method $request.path',
          ipAddressType: 'ipv4',
          tags: {},
        }));
        const { items, next } = paged(apis, { max, token, code });
        return { items, nextToken: next };
      },
      // Every read is the action GET, on the path.
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
      { action: 'GET', on: () => `arn:aws:apigateway:${region}::/apis` },
    ),
  ]);
}
