import * as z from 'zod/mini';

/** What the operator's command knows of the deployment: written by Pulumi into the table as `deployment/settings`. */
export const DeploymentSchema = z.object({
  stateMachineArn: z.string(),
  operatorTopicArn: z.string(),
  /** Whom the topic tells by mail. */
  operatorEmails: z.array(z.string()),
  /** Address that mails come from, and what proves to SES that it may. */
  mailFrom: z.string(),
  mailIdentity: z.string(),
  alarmNames: z.array(z.string()),
  /** By connection. */
  scheduleNames: z.record(z.string(), z.string()),
});
export type Deployment = z.infer<typeof DeploymentSchema>;
