import { EventRule, EventTarget } from '@pulumi/aws/cloudwatch/index.js';
import { Topic, TopicPolicy, TopicSubscription } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';

export interface OperatorAlertsArgs {
  readonly prefix: string;
  readonly accountId: pulumi.Input<string>;
  readonly emails: readonly string[];
}

/** The topic that operators hear from. */
export class OperatorAlerts extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly #prefix: string;
  readonly #policy: TopicPolicy;

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
    this.#policy = new TopicPolicy(
      `${name}-topic-policy`,
      {
        arn: topic.arn,
        policy: pulumi.jsonStringify({
          Version: '2012-10-17',
          Statement: [
            // Without a Condition on the rule: EventBridge sends no context along to SNS.
            // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
            {
              Effect: 'Allow',
              Action: 'sns:Publish',
              Principal: { Service: 'events.amazonaws.com' },
              Resource: topic.arn,
            },
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
            {
              Effect: 'Allow',
              Action: 'sns:Publish',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Resource: topic.arn,
              Condition: { StringEquals: { 'aws:SourceAccount': args.accountId } },
            },
          ],
        }),
      },
      parent,
    );
    this.registerOutputs({ topicArn: this.topicArn });
  }

  /** Tells the operators of events on the account's bus. */
  tellOf(name: string, event: WatchedEvent): void {
    const parent = { parent: this };
    const rule = new EventRule(
      name,
      {
        name: `${this.#prefix}-${name}`,
        description: event.description,
        eventPattern: pulumi.jsonStringify(event.pattern),
        ...(event.isReadOnlyCall && { state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' }),
      },
      parent,
    );
    new EventTarget(
      `${name}-target`,
      {
        rule: rule.name,
        arn: this.topicArn,
        inputTransformer: { inputPaths: event.paths, inputTemplate: JSON.stringify(event.message) },
      },
      { ...parent, dependsOn: [this.#policy] },
    );
  }
}

export interface WatchedEvent {
  readonly description: string;
  readonly pattern: pulumi.Input<Record<string, unknown>>;
  /** What `<name>` in the message stands for: paths into the event. */
  readonly paths: Readonly<Record<string, string>>;
  /** One line of plain text, with no quotation marks and no backslashes: EventBridge fills it in as it is. */
  readonly message: string;
  /**
   * A call that only reads, as CloudTrail has it: a rule hears of these if it says so.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
   */
  readonly isReadOnlyCall?: boolean;
}

/**
 * Executions that end badly without having told the operators themselves: what no Catch catches
 * (`States.Runtime`, the machine's own time-out), and what somebody stopped.
 */
export function failedExecutions(stateMachineArn: pulumi.Input<string>): WatchedEvent {
  return {
    description: 'Executions of keep-grant that ended without an alert of their own.',
    pattern: {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [stateMachineArn],
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        // `error` is what the Fail state or Step Functions gave, null for a stopped execution. Where an event
        // came without it, operators would hear twice rather than not at all.
        error: [{ exists: false }, null, { 'anything-but': ['OperatorAlerted'] }],
      },
    },
    paths: { execution: '$.detail.executionArn', status: '$.detail.status' },
    message: 'Grantkeeper: an execution ended as <status> and could not say why: <execution>',
  };
}
