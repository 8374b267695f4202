import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ResourceNotFoundException, SchedulerClient } from '@aws-sdk/client-scheduler';

import type { Deployment } from '../../core/deployment.ts';
import type { Finding } from './finding.ts';
import { ok, problem } from './finding.ts';

/** Checks that each connection's schedule is enabled. */
export async function lookAtSchedules({ scheduleNames }: Deployment): Promise<readonly Finding[]> {
  const about = 'Schedules';
  const client = new SchedulerClient({});
  const findings = await Promise.all(
    Object.entries(scheduleNames).map(async ([connectionId, Name]) => {
      const state = await client.send(new GetScheduleCommand({ Name })).then(
        ({ State }) => State,
        (error: unknown) => {
          if (error instanceof ResourceNotFoundException) return undefined;
          throw error;
        },
      );
      if (state === 'ENABLED') return [];
      const what = state === undefined ? 'is missing' : 'is disabled';
      const remedy =
        state === undefined
          ? 'Deploy again: npx pulumi up.'
          : 'Enable it in the EventBridge Scheduler console.';
      return [problem(about, `The schedule ${Name} ${what}, so ${connectionId} is not checked.`, remedy)];
    }),
  );
  const found = findings.flat();
  return found.length > 0 ? found : [ok(about, 'All are enabled.')];
}

/** The most names that one call takes. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
const mostNames = 100;

/** Checks that the alarms exist, notify the operators, and are not in ALARM. */
export async function lookAtAlarms({
  alarmNames,
  operatorTopicArn,
}: Deployment): Promise<readonly Finding[]> {
  const about = 'Alarms';
  const AlarmNames = alarmNames.slice(0, mostNames);
  const { MetricAlarms: alarms = [] } = await new CloudWatchClient({}).send(
    new DescribeAlarmsCommand({ AlarmNames }),
  );
  const findings = AlarmNames.flatMap((name) => {
    const alarm = alarms.find(({ AlarmName }) => AlarmName === name);
    if (alarm === undefined)
      return [problem(about, `The alarm ${name} is missing.`, 'Deploy again: npx pulumi up.')];
    if (!alarm.ActionsEnabled || !alarm.AlarmActions?.includes(operatorTopicArn)) {
      return [
        problem(
          about,
          `The alarm ${name} notifies nobody.`,
          'Enable its actions in CloudWatch, or deploy again: npx pulumi up.',
        ),
      ];
    }
    if (alarm.StateValue !== 'ALARM') return [];
    return [
      problem(about, `The alarm ${name} is in state ALARM.`, alarm.AlarmDescription ?? 'See docs/alarms.md.'),
    ];
  });
  return findings.length > 0
    ? findings
    : [ok(about, `All ${alarmNames.length} exist, and none is in state ALARM.`)];
}

/** The limit of a new account, which is enough for this stack. */
const enoughConcurrency = 10;

/** Checks that Lambda has concurrency left for the functions. */
export async function lookAtConcurrency(): Promise<readonly Finding[]> {
  const about = 'Lambda';
  const { AccountLimit } = await new LambdaClient({}).send(new GetAccountSettingsCommand({}));
  const free = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
  if (free >= enoughConcurrency) return [ok(about, `The account can run ${free} functions at a time.`)];
  return [
    problem(
      about,
      `The account can run only ${free} functions at a time beside reserved concurrency; Grantkeeper needs ${enoughConcurrency}.`,
      'Reserve less concurrency for other functions, or ask AWS for a higher quota of concurrent executions.',
    ),
  ];
}
