import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ResourceNotFoundException, SchedulerClient } from '@aws-sdk/client-scheduler';

import type { Deployment } from '../../core/deployment.ts';
import type { Finding } from './finding.ts';
import { problem, well } from './finding.ts';

/** Whether each connection is checked at all. */
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
      const what = state === undefined ? 'is gone' : 'is disabled';
      const remedy =
        state === undefined ? 'Deploy again.' : 'Enable it in the console of EventBridge Scheduler.';
      return [problem(about, `The schedule ${Name} ${what}: ${connectionId} is not checked.`, remedy)];
    }),
  );
  const found = findings.flat();
  return found.length > 0 ? found : [well(about, 'All of them are enabled.')];
}

/** Of one call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
const mostNames = 100;

/** Whether the alarms are there, tell somebody, and are quiet. */
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
    if (alarm === undefined) return [problem(about, `The alarm ${name} is gone.`, 'Deploy again.')];
    if (!alarm.ActionsEnabled || !alarm.AlarmActions?.includes(operatorTopicArn)) {
      return [problem(about, `The alarm ${name} tells nobody.`, 'Enable its actions, or deploy again.')];
    }
    if (alarm.StateValue !== 'ALARM') return [];
    return [problem(about, `${name} has gone off.`, alarm.AlarmDescription ?? 'See docs/alarms.md.')];
  });
  return findings.length > 0 ? findings : [well(about, `All ${alarmNames.length} are in place and quiet.`)];
}

/** What a new account has, and this stack was made for. */
const enoughConcurrency = 10;

/** Whether Lambda has room for the functions. */
export async function lookAtConcurrency(): Promise<readonly Finding[]> {
  const about = 'Lambda';
  const { AccountLimit } = await new LambdaClient({}).send(new GetAccountSettingsCommand({}));
  const free = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
  if (free >= enoughConcurrency) return [well(about, `The account may run ${free} functions at a time.`)];
  return [
    problem(
      about,
      `The account may run ${free} functions at a time beside those that others have reserved.`,
      'Reserve less elsewhere, or ask AWS for a higher quota of concurrent executions.',
    ),
  ];
}
