/**
 * The mail that CloudWatch sends through SNS when an alarm changes its state.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
import type { AlarmDefinition } from './alarm.ts';
import type { StateValue } from './evaluation.ts';

export interface AlarmState {
  readonly name: string;
  readonly state: StateValue;
  readonly sinceMs: number;
  readonly reason: string;
}

export interface AlarmNotification {
  readonly topicArn: string;
  readonly subject: string;
  readonly email: string;
}

const regionName = 'US East (N. Virginia)';
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: `Subject`
const maxSubjectLength = 100;

/** One for each action of the new state. */
export function notificationsOf(
  { name, inputs, actions }: AlarmDefinition,
  before: StateValue,
  { state, reason, sinceMs }: AlarmState,
): AlarmNotification[] {
  const subject = `${state}: "${name}" in ${regionName}`
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, maxSubjectLength);
  const email = `You are receiving this email because your Amazon CloudWatch Alarm "${name}" in the ${regionName} region has entered the ${state} state, because "${reason}" at "${new Date(sinceMs).toUTCString()}".

Alarm Details:
- Name: ${name}
- Description: ${inputs.alarmDescription ?? ''}
- State Change: ${before} -> ${state}
`;
  return actions[state].map((topicArn) => ({ topicArn, subject, email }));
}
