import { EventRule, EventTarget } from '@pulumi/aws/cloudwatch/index.js';
import { Topic, TopicPolicy, TopicSubscription } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';

export interface OperatorAlertsArgs {
  readonly prefix: string;
  readonly emails: readonly string[];
}

/** The topic that operators hear from. */
export class OperatorAlerts extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly #prefix: string;

  constructor(name: string, args: OperatorAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:OperatorAlerts', name, {}, opts);
    const parent = { parent: this };
    this.#prefix = args.prefix;
    // Without a KMS key: EventBridge cannot publish to a topic under the AWS managed one, and what operators are
    // told holds no credential. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    const topic = new Topic(
      `${name}-topic`,
      { name: `${args.prefix}-operators`, displayName: 'Grantkeeper' },
      parent,
    );
    for (const email of args.emails) {
      new TopicSubscription(
        `${name}-${email}`,
        { topic: topic.arn, protocol: 'email', endpoint: email },
        parent,
      );
    }
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }

  /**
   * Tells the operators when an execution ends badly without having told them itself: what no Catch catches
   * (`States.Runtime`, the machine's own time-out), and what somebody stopped.
   */
  watch(stateMachineArn: pulumi.Input<string>): void {
    const parent = { parent: this };
    const name = 'executions-that-failed';
    const rule = new EventRule(
      name,
      {
        name: `${this.#prefix}-${name}`,
        description: 'Executions of keep-grant that ended without an alert of their own.',
        eventPattern: pulumi.jsonStringify({
          source: ['aws.states'],
          'detail-type': ['Step Functions Execution Status Change'],
          detail: {
            stateMachineArn: [stateMachineArn],
            status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
            // `error` is what the Fail state or Step Functions gave, null for a stopped execution. Where an event
            // came without it, operators would hear twice rather than not at all.
            error: [{ exists: false }, null, { 'anything-but': ['OperatorAlerted'] }],
          },
        }),
      },
      parent,
    );
    const policy = new TopicPolicy(
      `${name}-may-publish`,
      {
        arn: this.topicArn,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          // Without a Condition on the rule: EventBridge sends no context along to SNS.
          // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
          Statement: [
            {
              Effect: 'Allow',
              Action: 'sns:Publish',
              Principal: { Service: 'events.amazonaws.com' },
              Resource: this.topicArn,
            },
          ],
        }),
      },
      parent,
    );
    new EventTarget(
      `${name}-target`,
      {
        rule: rule.name,
        arn: this.topicArn,
        inputTransformer: {
          inputPaths: { execution: '$.detail.executionArn', status: '$.detail.status' },
          inputTemplate: '"Grantkeeper: an execution ended as <status> and could not say why: <execution>"',
        },
      },
      { ...parent, dependsOn: [policy] },
    );
  }
}
