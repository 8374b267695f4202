/**
 * As much of DynamoDB's expressions as the adapters write. What is not here throws: it is never ignored.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/** What `#…` and `:…` stand for in one request. */
export interface Substitutes {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

export class InvalidPathError extends Error {}

type Path = (given: Substitutes) => string[];
type Operand = (item: Item, given: Substitutes) => AttributeValue | undefined;
type Condition = (item: Item, given: Substitutes) => boolean;
type Change = (changed: Item, before: Item, given: Substitutes) => Item;

const tokenPattern = /\s*([#:]?[A-Za-z_]\w*|<>|<=|>=|[=<>(),.+])/y;

class Parser {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    tokenPattern.lastIndex = 0;
    let end = 0;
    for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
      this.#tokens.push(match[1]!);
      end = tokenPattern.lastIndex;
    }
    if (text.slice(end).trim() !== '') throw new Error(`Not understood: ${text.slice(end)}`);
  }

  condition(): Condition {
    const parsed = this.#or();
    this.#end();
    return parsed;
  }

  update(): (item: Item, given: Substitutes) => Item {
    const changes: Change[] = [];
    while (this.#at < this.#tokens.length) {
      const [clause, one] = this.#accept('SET')
        ? (['SET', () => this.#assignment()] as const)
        : (this.#expect('REMOVE'), ['REMOVE', () => this.#removal()] as const);
      do changes.push(one());
      while (this.#accept(','));
      if (this.#accept(clause)) throw new Error(`${clause} stands twice`);
    }
    return (item, given) => changes.reduce((changed, change) => change(changed, item, given), item);
  }

  #assignment(): Change {
    const path = this.#path();
    this.#expect('=');
    const operand = this.#sum();
    // Operands are those of the item as it was before.
    return (changed, before, given) => {
      const value = operand(before, given);
      if (value === undefined) throw new InvalidPathError('An operand has no value');
      return withValue(changed, path(given), value);
    };
  }

  #removal(): Change {
    const path = this.#path();
    return (changed, _before, given) => withValue(changed, path(given), undefined);
  }

  #or(): Condition {
    const alternatives = [this.#and()];
    while (this.#accept('OR')) alternatives.push(this.#and());
    return (item, given) => alternatives.some((holds) => holds(item, given));
  }

  #and(): Condition {
    const all = [this.#not()];
    while (this.#accept('AND')) all.push(this.#not());
    return (item, given) => all.every((holds) => holds(item, given));
  }

  #not(): Condition {
    if (this.#accept('NOT')) {
      const negated = this.#not();
      return (item, given) => !negated(item, given);
    }
    if (this.#accept('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    return this.#predicate();
  }

  #predicate(): Condition {
    if (this.#accept('attribute_exists')) return this.#existence(true);
    if (this.#accept('attribute_not_exists')) return this.#existence(false);
    if (this.#accept('contains')) {
      const [list, wanted] = this.#arguments();
      return (item, given) => {
        const value = wanted(item, given);
        return list(item, given)?.L?.some((member) => isDeepStrictEqual(member, value)) ?? false;
      };
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const left = this.#sum();
    if (this.#accept('IN')) {
      const options = this.#list();
      return (item, given) => {
        const value = left(item, given);
        return value !== undefined && options.some((option) => isDeepStrictEqual(option(item, given), value));
      };
    }
    const sign = this.#next();
    const right = this.#sum();
    return (item, given) => compare(left(item, given), sign, right(item, given));
  }

  #existence(wanted: boolean): Condition {
    this.#expect('(');
    const path = this.#path();
    this.#expect(')');
    return (item, given) => (valueAt(item, path(given)) !== undefined) === wanted;
  }

  #sum(): Operand {
    const first = this.#operand();
    if (!this.#accept('+')) return first;
    const second = this.#operand();
    return (item, given) => ({ N: String(Number(first(item, given)!.N) + Number(second(item, given)!.N)) });
  }

  #operand(): Operand {
    if (this.#accept('if_not_exists')) {
      const [present, otherwise] = this.#arguments();
      return (item, given) => present(item, given) ?? otherwise(item, given);
    }
    if (this.#accept('list_append')) {
      const [head, tail] = this.#arguments();
      return (item, given) => ({ L: [...head(item, given)!.L!, ...tail(item, given)!.L!] });
    }
    if (this.#tokens[this.#at]?.startsWith(':')) {
      const name = this.#next();
      return (_item, given) => given.ExpressionAttributeValues![name]!;
    }
    const path = this.#path();
    return (item, given) => valueAt(item, path(given));
  }

  #arguments(): [Operand, Operand] {
    const [first, second, ...more] = this.#list();
    if (!first || !second || more.length > 0) throw new Error('Two arguments were expected');
    return [first, second];
  }

  #list(): Operand[] {
    this.#expect('(');
    const operands = [this.#sum()];
    while (this.#accept(',')) operands.push(this.#sum());
    this.#expect(')');
    return operands;
  }

  #path(): Path {
    const parts = [this.#next()];
    while (this.#accept('.')) parts.push(this.#next());
    return (given) =>
      parts.map((part) => (part.startsWith('#') ? given.ExpressionAttributeNames![part]! : part));
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw new Error(`${token} was expected, not ${this.#tokens[this.#at]}`);
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('The expression ends too early');
    return token;
  }

  #end(): void {
    if (this.#at < this.#tokens.length) throw new Error(`Not understood: ${this.#tokens[this.#at]}`);
  }
}

/** Values of different types are neither equal nor ordered; an absent one equals nothing. */
function compare(left: AttributeValue | undefined, sign: string, right: AttributeValue | undefined): boolean {
  if (sign === '=') return left !== undefined && isDeepStrictEqual(left, right);
  if (sign === '<>') return !isDeepStrictEqual(left, right);
  if (sign !== '<') throw new Error(`${sign} is not supported`);
  if (left?.N !== undefined && right?.N !== undefined) return Number(left.N) < Number(right.N);
  return left?.S !== undefined && right?.S !== undefined && left.S < right.S;
}

function valueAt(item: Item, [name, ...deeper]: readonly string[]): AttributeValue | undefined {
  const value = item[name!];
  return deeper.length === 0 ? value : value?.M && valueAt(value.M, deeper);
}

/** The item with the value at the path, or without it. */
function withValue(
  item: Item,
  [name, ...deeper]: readonly string[],
  value: AttributeValue | undefined,
): Item {
  if (deeper.length > 0) {
    const map = item[name!]?.M;
    if (!map)
      throw new InvalidPathError('The document path provided in the update expression is invalid for update');
    return { ...item, [name!]: { M: withValue(map, deeper, value) } };
  }
  if (value !== undefined) return { ...item, [name!]: value };
  const { [name!]: _removed, ...rest } = item;
  return rest;
}

function cached<T>(parse: (parser: Parser) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const parsed = parse(new Parser(text));
    known.set(text, parsed);
    return parsed;
  };
}

export const parseCondition = cached((parser) => parser.condition());
export const parseUpdate = cached((parser) => parser.update());
