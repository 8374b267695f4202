import { randomUUID } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../service.ts';
import { StateFailure } from './failure.ts';
import type { Json } from './json.ts';

export interface IntegrationPorts {
  readonly authorize: Authorize;
  /** Runs a function to its end; rejects with an `AwsError` when Lambda refuses the call itself. */
  invokeFunction(
    functionArn: string,
    payload: unknown,
  ): Promise<{ payload: unknown; functionError?: 'Unhandled' | 'Handled' }>;
  service(name: 'dynamodb' | 'sns' | 'states'): AwsService;
}

export type TaskArguments = Record<string, Json>;

/** One supported `Resource` of a `Task` state. */
export interface Integration {
  /** As history records it, for example `lambda` and `invoke.waitForTaskToken`. */
  readonly resourceType: string;
  readonly resource: string;
  readonly waitsForToken: boolean;
  readonly requiredArguments: readonly string[];
  readonly optionalArguments: readonly string[];
  /** @throws {StateFailure} with the error's name as the integration gives it */
  call(ports: IntegrationPorts, args: TaskArguments, role: Caller): Promise<Json>;
}

/** Errors that the service's SDK models keep their names. All others get a general name, as in AWS's Java SDK. */
interface ErrorNaming {
  readonly prefix: string;
  readonly general: string;
  readonly serviceName: string;
  readonly modelled: ReadonlySet<string>;
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
const lambdaErrors: ErrorNaming = {
  prefix: 'Lambda',
  general: 'AWSLambdaException',
  serviceName: 'AWSLambda',
  modelled: new Set([
    'InvalidParameterValueException',
    'InvalidRequestContentException',
    'RequestTooLargeException',
    'ResourceConflictException',
    'ResourceNotFoundException',
    'ServiceException',
    'TooManyRequestsException',
  ]),
};

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html#API_PutItem_Errors */
const dynamodbErrors: ErrorNaming = {
  prefix: 'DynamoDB',
  general: 'AmazonDynamoDBException',
  serviceName: 'AmazonDynamoDBv2',
  modelled: new Set([
    'ConditionalCheckFailedException',
    'InternalServerError',
    'ItemCollectionSizeLimitExceededException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'ResourceNotFoundException',
    'TransactionConflictException',
  ]),
};

/** @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors */
const snsErrors: ErrorNaming = {
  prefix: 'SNS',
  general: 'AmazonSNSException',
  serviceName: 'AmazonSNS',
  modelled: new Set([
    'AuthorizationError',
    'EndpointDisabled',
    'InternalError',
    'InvalidParameter',
    'NotFound',
  ]),
};

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html#API_StartExecution_Errors */
const stepFunctionsErrors: ErrorNaming = {
  prefix: 'StepFunctions',
  general: 'AWSStepFunctionsException',
  serviceName: 'AWSStepFunctions',
  modelled: new Set([
    'ExecutionAlreadyExists',
    'ExecutionLimitExceeded',
    'InvalidArn',
    'InvalidExecutionInput',
    'InvalidName',
    'StateMachineDeleting',
    'StateMachineDoesNotExist',
  ]),
};

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
const lambdaInvoke = {
  resourceType: 'lambda',
  requiredArguments: ['FunctionName'],
  optionalArguments: ['Payload'],
  call: invoke,
};

const conditionArguments = ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'];

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html */
const dynamodb = { resourceType: 'dynamodb', waitsForToken: false, optionalArguments: conditionArguments };

export const integrations: Record<string, Integration> = {
  'arn:aws:states:::lambda:invoke': { ...lambdaInvoke, resource: 'invoke', waitsForToken: false },
  'arn:aws:states:::lambda:invoke.waitForTaskToken': {
    ...lambdaInvoke,
    resource: 'invoke.waitForTaskToken',
    waitsForToken: true,
  },
  'arn:aws:states:::dynamodb:putItem': {
    ...dynamodb,
    resource: 'putItem',
    requiredArguments: ['TableName', 'Item'],
    call: (ports, args, role) => callDynamodb(ports, 'PutItem', args, role),
  },
  'arn:aws:states:::dynamodb:deleteItem': {
    ...dynamodb,
    resource: 'deleteItem',
    requiredArguments: ['TableName', 'Key'],
    call: (ports, args, role) => callDynamodb(ports, 'DeleteItem', args, role),
  },
  /** @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html */
  'arn:aws:states:::sns:publish': {
    resourceType: 'sns',
    resource: 'publish',
    waitsForToken: false,
    requiredArguments: ['TopicArn', 'Message'],
    optionalArguments: ['Subject'],
    call: publish,
  },
  /** Continues as soon as the execution has started: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html */
  'arn:aws:states:::states:startExecution': {
    resourceType: 'states',
    resource: 'startExecution',
    waitsForToken: false,
    requiredArguments: ['StateMachineArn'],
    optionalArguments: ['Name', 'Input'],
    call: startExecution,
  },
};

async function invoke(ports: IntegrationPorts, args: TaskArguments, role: Caller): Promise<Json> {
  const functionArn = arnOf(args['FunctionName'], 'FunctionName', 'lambda', 'function:');
  const { payload, functionError } = await withErrorNames(lambdaErrors, async () => {
    ports.authorize(role, 'lambda:InvokeFunction', functionArn);
    return ports.invokeFunction(functionArn, args['Payload'] ?? {});
  });
  const answer = (payload ?? null) as Json;
  if (functionError !== undefined) {
    // "Unhandled errors in Lambda runtimes were historically reported only as Lambda.Unknown. In newer runtimes, timeouts are reported as Sandbox.Timedout"
    const errorType =
      typeof answer === 'object' && answer && !Array.isArray(answer) ? answer['errorType'] : null;
    const returned = JSON.stringify(answer);
    if (typeof errorType === 'string') throw new StateFailure(errorType, returned);
    throw new StateFailure(
      'Lambda.Unknown',
      `The cause could not be determined because Lambda did not return an error type. Returned payload: ${returned}`,
    );
  }
  return { ExecutedVersion: '$LATEST', Payload: answer, ...sdkMetadata(), StatusCode: 200 };
}

async function callDynamodb(
  ports: IntegrationPorts,
  operation: 'PutItem' | 'DeleteItem',
  args: TaskArguments,
  role: Caller,
): Promise<Json> {
  const tableArn = arnOf(args['TableName'], 'TableName', 'dynamodb', 'table/');
  const answer = await withErrorNames(dynamodbErrors, async () => {
    ports.authorize(role, `dynamodb:${operation}`, tableArn);
    return ports.service('dynamodb').call(operation, args, role);
  });
  return { ...(answer as TaskArguments), ...sdkMetadata() };
}

async function publish(ports: IntegrationPorts, args: TaskArguments, role: Caller): Promise<Json> {
  const topicArn = arnOf(args['TopicArn'], 'TopicArn', 'sns', '');
  // The integration turns a message that is not a string into JSON text.
  const Message = typeof args['Message'] === 'string' ? args['Message'] : JSON.stringify(args['Message']);
  const answer = await withErrorNames(snsErrors, async () => {
    ports.authorize(role, 'sns:Publish', topicArn);
    return ports.service('sns').call('Publish', { ...args, Message }, role);
  });
  return { ...(answer as TaskArguments), ...sdkMetadata() };
}

async function startExecution(ports: IntegrationPorts, args: TaskArguments, role: Caller): Promise<Json> {
  const { StateMachineArn: stateMachineArn, Name: name, Input: input = {} } = args;
  const answer = await withErrorNames(stepFunctionsErrors, () =>
    ports
      .service('states')
      .call(
        'StartExecution',
        { stateMachineArn, ...(name !== undefined && { name }), input: JSON.stringify(input) },
        role,
      ),
  );
  const { executionArn, startDate } = answer as { executionArn: string; startDate: number };
  return { ExecutionArn: executionArn, StartDate: startDate, ...sdkMetadata() };
}

/** The ARN of a resource given by ARN or by name. */
function arnOf(given: Json | undefined, argument: string, service: string, kind: string): string {
  if (typeof given !== 'string' || given === '') {
    throw new StateFailure('States.Runtime', `The argument ${argument} is not a name or ARN`);
  }
  return given.startsWith('arn:') ? given : `arn:aws:${service}:${region}:${accountId}:${kind}${given}`;
}

/** What AWS's SDK adds to every answer of an integration. */
function sdkMetadata(): TaskArguments {
  return {
    SdkHttpMetadata: { AllHttpHeaders: {}, HttpHeaders: {}, HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId: randomUUID() },
  };
}

async function withErrorNames<T>(naming: ErrorNaming, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The machine must not catch bugs of the embedded cloud, or unsupported calls.
    if (!(error instanceof AwsError) || error.code === 'NotImplementedByEmbeddedCloud') throw error;
    // Only SNS names a refusal by IAM AuthorizationError.
    const code =
      naming === snsErrors && error.code.startsWith('AccessDenied') ? 'AuthorizationError' : error.code;
    // Error names are class names of AWS's Java SDK, which all end in Exception.
    const className = code.endsWith('Exception') ? code : `${code}Exception`;
    const isModelled = naming.modelled.has(code);
    throw new StateFailure(
      `${naming.prefix}.${isModelled ? className : naming.general}`,
      `${error.message} (Service: ${naming.serviceName}; Status Code: ${error.statusCode}; ` +
        `Error Code: ${code}; Request ID: ${randomUUID()}; Proxy: null)`,
    );
  }
}
