import * as z from 'zod/mini';

/** The deployment as the command sees it. Pulumi writes it into the table as `deployment/settings`. */
export const DeploymentSchema = z.object({
  stateMachineArn: z.string(),
  operatorTopicArn: z.string(),
  /** The addresses that are subscribed to the operators' topic. */
  operatorEmails: z.array(z.string()),
  /** The sender of mails, and the SES identity that allows it. */
  mailFrom: z.string(),
  mailIdentity: z.string(),
  alarmNames: z.array(z.string()),
  /** The schedules' names by connection id. */
  scheduleNames: z.record(z.string(), z.string()),
});
export type Deployment = z.infer<typeof DeploymentSchema>;
