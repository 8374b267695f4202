import type { CloudWatch } from './cloudwatch.ts';

const apiId = 'local';

/** The metrics that AWS's services publish, as far as the program's alarms and dashboard use them. */
export function ownMetrics(cloudWatch: CloudWatch) {
  const count = (namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value = 1) =>
    cloudWatch.put({ namespace, name, dimensions, value, unit: 'Count' });
  return {
    /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
    invoked(functionArn: string, failed: boolean): void {
      const dimensions = { FunctionName: functionArn.split(':').at(-1)! };
      count('AWS/Lambda', 'Invocations', dimensions);
      count('AWS/Lambda', 'Errors', dimensions, failed ? 1 : 0);
    },

    /** https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html */
    executionChanged({ status, stateMachineArn }: Readonly<Record<string, unknown>>): void {
      const name = executionMetrics[String(status)];
      if (name) count('AWS/States', name, { StateMachineArn: String(stateMachineArn) });
    },

    /** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html */
    answered(statusCode: number): void {
      count('AWS/ApiGateway', 'Count', { ApiId: apiId });
      count('AWS/ApiGateway', '5xx', { ApiId: apiId }, statusCode >= 500 ? 1 : 0);
      count('AWS/ApiGateway', '4xx', { ApiId: apiId }, statusCode >= 400 && statusCode < 500 ? 1 : 0);
    },

    /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
    deadLettered(queueName: string, messages: number): void {
      count('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queueName }, messages);
    },
  };
}

const executionMetrics: Readonly<Record<string, string>> = {
  RUNNING: 'ExecutionsStarted',
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
};
