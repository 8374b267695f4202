import { administrator } from './aws/service.ts';
import type { Cloud } from './cloud.ts';
import { readEmf } from './aws/cloudwatch/emf.ts';
import { metricKey } from './aws/cloudwatch/metric.ts';
import type { Usage } from './aws/meter.ts';

/** Assumed times of a function on AWS; this machine's times differ. */
export interface Assumptions {
  /** Milliseconds that an environment takes to start. Each invocation starts one, because ticks are far apart. */
  readonly initMs: number;
  /** Milliseconds of an invocation outside AWS calls, including a token request. */
  readonly workMs: number;
  readonly awsCallMs: number;
  readonly memoryGb: number;
}

export const hoursOfMonth = 730;

/** Lambda's own log lines for each invocation: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
const platformBytes = 600;
/** CloudWatch Logs' overhead for each event: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const eventBytes = 26;
/** A logged event of an execution's history, without its data. */
const historyEventBytes = 400;
/** Characters in each part of a longer text: https://docs.aws.amazon.com/sns/latest/dg/sms_sms-overview.html */
const smsPart = 153;
const gb = 1e9;

/** The usage so far; the difference of two calls is the usage between them. */
export async function usageOf(
  cloud: Cloud,
  { initMs, workMs, awsCallMs, memoryGb }: Assumptions,
): Promise<Usage> {
  const { lambda, inbox, meter } = cloud;
  const { 'aws.calls': awsCalls = 0, ...counts } = meter.counts();
  const invocations = counts['lambda.requests'] ?? 0;
  const executions = await executionsOf(cloud);
  const events = executions.flatMap((each) => each.events);
  const logBytes = lambda.logs.reduce((sum, { text }) => sum + Buffer.byteLength(text) + eventBytes, 0);
  const metricHours = new Set(
    lambda.logs.flatMap(({ at, text }) =>
      readEmf(text).map((datum) => `${metricKey(datum)} ${at.slice(0, 'yyyy-mm-ddThh'.length)}`),
    ),
  );
  const of = (channel: string) => inbox.list().filter((message) => message.channel === channel);
  return {
    ...counts,
    'lambda.gbSecondsArm': ((invocations * (initMs + workMs) + awsCalls * awsCallMs) / 1000) * memoryGb,
    'states.transitions': events.filter(({ type }) => type.endsWith('StateEntered')).length,
    'scheduler.invocations': executions.filter(({ input }) => input.includes('"schedule"')).length,
    'logs.ingestedGb': (logBytes + invocations * platformBytes) / gb,
    'logs.vendedGb': (events.length * historyEventBytes) / gb,
    'cloudwatch.metricMonths': metricHours.size / hoursOfMonth,
    'ses.mails': of('email').length,
    'sns.smsUs': of('sms').reduce((sum, { text }) => sum + Math.ceil(text.length / smsPart), 0),
    'sns.publishes': of('topic').length,
    'sns.emailDeliveries': of('topic').length,
  };
}

interface Ran {
  readonly input: string;
  readonly events: readonly { readonly type: string }[];
}

/** Of all state machines. */
async function executionsOf({ stepFunctions }: Cloud): Promise<Ran[]> {
  const call = async <T>(operation: string, input: Record<string, unknown>) =>
    (await stepFunctions.call(operation, input, administrator)) as T;
  const list = async <T>(operation: string, member: string, input: Record<string, unknown>): Promise<T[]> => {
    const page = await call<Record<string, unknown>>(operation, input);
    const found = page[member] as T[];
    const { nextToken } = page;
    return nextToken === undefined
      ? found
      : [...found, ...(await list<T>(operation, member, { ...input, nextToken }))];
  };
  const machines = await list<{ stateMachineArn: string }>('ListStateMachines', 'stateMachines', {});
  const ran: Ran[] = [];
  for (const { stateMachineArn } of machines) {
    const listed = await list<{ executionArn: string }>('ListExecutions', 'executions', { stateMachineArn });
    for (const { executionArn } of listed) {
      const { input } = await call<{ input: string }>('DescribeExecution', { executionArn });
      const events = await list<{ type: string }>('GetExecutionHistory', 'events', { executionArn });
      ran.push({ input, events });
    }
  }
  return ran;
}
