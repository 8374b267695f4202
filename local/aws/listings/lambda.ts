/** Lambda's functions as they are configured, beside the service that runs them. */
import { createHash } from 'node:crypto';
import * as z from 'zod';

import { AwsError, notSupported } from '../errors.ts';
import { Count, definer, paged, TableService, Token, type Operation, type Output } from '../operations.ts';
import { accountId, region, type Authorize, type AwsService } from '../service.ts';
import type { Resource } from '../resources/resources.ts';
import type { Deployed, Look } from './deployed.ts';

type Function = Resource<'aws:lambda/function:Function'>;

const code = 'InvalidParameterValueException';
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
const ByName = z.strictObject({ FunctionName: z.string().min(1).max(256), Qualifier: Token });
const arnPrefix = `arn:aws:lambda:${region}:${accountId}:function:`;

export function lambdaService(look: Look, authorize: Authorize, lambda: AwsService): TableService {
  const define = definer('lambda', authorize, code);
  const functions = () => look().resources.ofType('aws:lambda/function:Function');
  const on = {
    on: ({ FunctionName: name }: z.output<typeof ByName>) => `${arnPrefix}${name.replace(arnPrefix, '')}`,
  };
  const found = ({ FunctionName: name, Qualifier }: z.output<typeof ByName>) => {
    if (Qualifier !== undefined && Qualifier !== '$LATEST')
      throw notSupported('versions and aliases of functions');
    const arn = `${arnPrefix}${name.replace(arnPrefix, '')}`;
    const one = functions().find(({ state }) => state.arn === arn);
    if (one) return { ...configuration(one, look()), State: 'Active', LastUpdateStatus: 'Successful' };
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
  };
  return new TableService('lambda', [
    ...['Invoke', 'GetAccountSettings'].map((name): [string, Operation] => [
      name,
      (input, caller) => lambda.call(name, input, caller),
    ]),
    define(
      'ListFunctions',
      z.strictObject({
        Marker: Token,
        MaxItems: Count(10_000),
        FunctionVersion: z.literal('ALL').optional(),
      }),
      // "Lambda returns up to 50 functions per call."
      ({ Marker, MaxItems = 50 }) => {
        const { items, next } = paged(functions(), { max: Math.min(MaxItems, 50), token: Marker, code });
        return { Functions: items.map((each) => configuration(each, look())), NextMarker: next };
      },
    ),
    define('GetFunctionConfiguration', ByName, found, on),
    define(
      'GetFunction',
      ByName,
      (given) => ({ Configuration: found(given), Code: { RepositoryType: 'S3' } }),
      on,
    ),
  ]);
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html */
function configuration({ inputs, state }: Function, { atMs }: Deployed): Output {
  const { variables } = inputs.environment ?? {};
  return {
    FunctionName: inputs.name,
    FunctionArn: state.arn,
    Runtime: inputs.runtime,
    Role: inputs.role,
    Handler: inputs.handler,
    Description: inputs.description ?? '',
    Timeout: inputs.timeout,
    MemorySize: inputs.memorySize ?? 128,
    LastModified: new Date(atMs).toISOString().replace('Z', '+0000'),
    Version: '$LATEST',
    Environment: variables && { Variables: variables },
    VpcConfig: inputs.vpcConfig && {
      SubnetIds: inputs.vpcConfig.subnetIds,
      SecurityGroupIds: inputs.vpcConfig.securityGroupIds,
    },
    Layers: inputs.layers?.map((Arn) => ({ Arn })),
    RevisionId: revisionOf(inputs.name, atMs),
    PackageType: 'Zip',
    Architectures: inputs.architectures ?? ['x86_64'],
    EphemeralStorage: { Size: inputs.ephemeralStorage?.size ?? 512 },
    LoggingConfig: { LogFormat: inputs.loggingConfig.logFormat, LogGroup: inputs.loggingConfig.logGroup },
  };
}

/** In the form of a UUID. */
function revisionOf(name: string, atMs: number): string {
  const hash = createHash('sha256').update(`${name} ${atMs}`).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
