/** CloudWatch Logs' filter patterns: terms, and comparisons of a JSON event's members. */
import { AwsError, notSupported } from '../errors.ts';

type Filter = (message: string) => boolean;

const comparison = /^\s*\$((?:\.[\w@-]+)+)\s*(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|([^\s"()]+))\s*$/;

/**
 * @throws {AwsError} for what is not supported of the language, and in AWS's words for what is none of it
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function logFilter(pattern: string): Filter {
  const text = pattern.trim();
  const json = /^\{(.*)\}$/s.exec(text)?.[1];
  if (json !== undefined) return jsonFilter(json, text);
  if (/^\[|%/.test(text)) {
    throw notSupported(`the filter pattern ${text}`, ['terms', '{ $.member = "value" }']);
  }
  if (text.startsWith('{')) throw invalid("If a filter pattern starts with '{' it must end with '}'");
  return termsFilter(text);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** Every term has to be there, none with `-`; of terms with `?`, where there are no others, one is enough. */
function termsFilter(text: string): Filter {
  const terms = [...text.matchAll(/([-?]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign, quoted, bare]) => ({
    sign,
    term: quoted ?? bare ?? '',
  }));
  // In quotes anything goes. AWS does not document whether a hyphen needs them.
  const [character] = text.replaceAll(/"[^"]*"/g, '').match(/[^\p{L}\p{N}_\s?-]/u) ?? [];
  if (character !== undefined) throw invalid(`Invalid character(s) in term '${character}'`);
  const those = (wanted: string) => terms.filter(({ sign }) => sign === wanted).map(({ term }) => term);
  const [all, optional, none] = [those(''), those('?'), those('-')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (all.length > 0 || optional.length === 0 || optional.some((term) => message.includes(term)));
}

/** `&&` binds closer than `||`. */
function jsonFilter(expression: string, whole: string): Filter {
  const alternatives = expression
    .split('||')
    .map((each) => each.split('&&').map((part) => compared(part, whole)));
  return (message) => {
    let event: unknown;
    try {
      event = JSON.parse(message);
    } catch {
      return false;
    }
    return alternatives.some((parts) => parts.every((holds) => holds(event)));
  };
}

function compared(part: string, whole: string): (event: unknown) => boolean {
  const [, path, operator, quoted, bare] = comparison.exec(part) ?? [];
  const isOrder = operator?.startsWith('<') === true || operator?.startsWith('>') === true;
  const isRegex = bare?.startsWith('%') === true;
  if (path === undefined || isRegex || (isOrder && !Number.isFinite(Number(bare)))) {
    throw notSupported(`the filter pattern ${whole}`, [
      '{ $.member = "value" && $.other != 1 || $.third > 2 }',
    ]);
  }
  const wanted = quoted ?? bare ?? '';
  const words = wanted.split('*').map((word) => word.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  const equal = new RegExp(`^${words.join('.*')}$`, 's');
  return (event) => {
    const value = path
      .slice(1)
      .split('.')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | null | undefined)?.[step], event);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
    if (!isOrder) return equal.test(String(value)) === (operator === '=');
    const [left, right] = [Number(value), Number(wanted)];
    if (operator === '<') return left < right;
    if (operator === '>') return left > right;
    return operator === '<=' ? left <= right : left >= right;
  };
}
