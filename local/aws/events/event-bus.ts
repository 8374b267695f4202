import { AwsError, notSupported } from '../errors.ts';
import type { AwsService } from '../service.ts';
import { accountId, administrator, region } from '../service.ts';
import type { Clock } from '../clock.ts';
import { complexityOf, maxComplexity } from './pattern-complexity.ts';

export interface EventTargetDefinition {
  readonly topicArn: string;
  readonly inputPaths: Readonly<Record<string, string>>;
  readonly inputTemplate: string;
}

/**
 * The supported members of an event; `id` and `resources` are not.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 */
const envelope = new Set(['version', 'source', 'detail-type', 'account', 'region', 'time', 'detail']);

interface Rule {
  readonly hearsReads: boolean;
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: EventTargetDefinition[];
}

/**
 * The default event bus, with SNS topics as targets.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export class EventBus {
  readonly #rules = new Map<string, Rule>();
  readonly #clock: Clock;
  readonly #sns: AwsService;

  constructor(clock: Clock, sns: AwsService) {
    this.#clock = clock;
    this.#sns = sns;
  }

  addRule(name: string, eventPattern: string, state = 'ENABLED'): void {
    if (eventPattern.length > maxPatternCharacters)
      throw new AwsError(
        'LimitExceededException',
        `The event pattern ${name} has ${eventPattern.length} characters, ${maxPatternCharacters} at most.`,
      );
    const pattern = JSON.parse(eventPattern) as Record<string, unknown>;
    for (const key of Object.keys(pattern)) {
      // No event here has other members, so a misspelt name would never match.
      if (!envelope.has(key)) throw notSupported(`the event pattern ${name}.${key}`);
    }
    checkPattern(pattern, name);
    const hearsReads = state === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
    if (state !== 'ENABLED' && !hearsReads) throw notSupported(`the state ${state} of the rule ${name}`);
    this.#rules.set(name, { hearsReads, pattern, targets: [] });
  }

  addTarget(rule: string, target: EventTargetDefinition): void {
    const found = this.#rules.get(rule);
    if (!found) throw new Error(`There is no rule ${rule}.`);
    found.targets.push(target);
  }

  /** Delivers an event to the targets of each rule that matches it. */
  put(source: string, detailType: string, detail: Readonly<Record<string, unknown>>): void {
    const time = new Date(this.#clock.now()).toISOString();
    const event = {
      version: '0',
      source,
      'detail-type': detailType,
      account: accountId,
      region,
      time,
      detail,
    };
    for (const { hearsReads, pattern, targets } of this.#rules.values()) {
      if (!matches(pattern, event) || (detail.readOnly === true && !hearsReads)) continue;
      for (const target of targets) {
        const Message = transform(target, event);
        const { topicArn: TopicArn } = target;
        void this.#clock.track(this.#sns.call('Publish', { TopicArn, Message }, administrator));
      }
    }
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const maxPatternCharacters = 2048;

const supportedOperators = ['exists', 'anything-but', 'prefix', 'wildcard'];

/** Every leaf is a list of values and of objects with one of these operators; anything else is refused by name. */
function checkPattern(pattern: Readonly<Record<string, unknown>>, path: string): void {
  for (const [key, value] of Object.entries(pattern)) {
    const at = `${path}.${key}`;
    if (Array.isArray(value) && !key.startsWith('$')) {
      for (const choice of value as unknown[]) {
        if (typeof choice !== 'object' || choice === null) continue;
        const operators = Object.keys(choice);
        const isSupported = operators.length === 1 && supportedOperators.includes(operators[0]!);
        if (!isSupported) throw notSupported(`the event pattern ${at}`);
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html#filter-wildcard
        if ('wildcard' in choice && String(choice.wildcard).includes('**')) {
          throw new Error(`The event pattern ${at} has consecutive wildcards, which EventBridge refuses.`);
        }
      }
      if (complexityOf(wildcardsOf(value)) > maxComplexity) {
        const reason = `The event pattern ${at} is not valid. Reason: Rule is too complex - try using fewer wildcard characters.`;
        throw new AwsError('InvalidEventPatternException', reason);
      }
    } else if (typeof value === 'object' && value !== null && !key.startsWith('$')) {
      checkPattern(value as Record<string, unknown>, at);
    } else {
      throw notSupported(`the event pattern ${at}`);
    }
  }
}

function wildcardsOf(choices: readonly unknown[]): string[] {
  return choices.flatMap((choice) =>
    typeof choice === 'object' && choice !== null && 'wildcard' in choice ? [String(choice.wildcard)] : [],
  );
}

function matches(
  pattern: Readonly<Record<string, unknown>>,
  event: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(pattern).every(([key, expected]) => {
    const actual = event[key];
    if (!Array.isArray(expected)) {
      const inner = typeof actual === 'object' && actual !== null ? (actual as Record<string, unknown>) : {};
      return matches(expected as Record<string, unknown>, inner);
    }
    // One value of a list in the event is enough:
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html
    const values = Array.isArray(actual) ? (actual as unknown[]) : [actual];
    return (expected as unknown[]).some((choice) => values.some((value) => matchesChoice(choice, value)));
  });
}

function matchesChoice(choice: unknown, actual: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return choice === actual;
  if ('exists' in choice) return choice.exists === (actual !== undefined);
  if ('prefix' in choice) return typeof actual === 'string' && actual.startsWith(String(choice.prefix));
  if ('wildcard' in choice) {
    // Only `*` is special: it matches any text.
    const parts = String(choice.wildcard)
      .split('*')
      .map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
    return typeof actual === 'string' && new RegExp(`^${parts.join('.*')}$`, 's').test(actual);
  }
  const { 'anything-but': unwanted } = choice as { 'anything-but': unknown };
  if (typeof unwanted === 'object' && unwanted !== null && 'prefix' in unwanted)
    return actual !== undefined && !matchesChoice(unwanted, actual);
  return actual !== undefined && ![unwanted].flat().includes(actual);
}

/**
 * An input transformer puts values from paths into the event into a template.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function transform(target: EventTargetDefinition, event: Readonly<Record<string, unknown>>): string {
  return target.inputTemplate.replace(/<(\w+)>/g, (placeholder, name: string) => {
    const path = target.inputPaths[name];
    if (path === undefined) return placeholder;
    const value = path
      .replace(/^\$\./, '')
      .split(/[.[\]]+/)
      .filter((step) => step !== '')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], event);
    return typeof value === 'string' ? value : JSON.stringify(value ?? '');
  });
}
