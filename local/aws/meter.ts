import type { Consumed } from './dynamodb/dynamodb.ts';
import type { AwsService } from './service.ts';

/** So many units, by name. Those that AWS bills are named as in test/bench/prices.json. */
export type Usage = Readonly<Record<string, number>>;

/** Counts, as it happens, what AWS bills and what cannot be read off the embedded cloud afterwards. */
export class Meter {
  readonly #counts = new Map<string, number>();

  add(unit: string, amount = 1): void {
    this.#counts.set(unit, (this.#counts.get(unit) ?? 0) + amount);
  }

  /** A service each of whose calls counts. */
  calls(unit: string, service: AwsService): AwsService {
    return {
      call: (operation, input, caller) => {
        this.add(unit);
        return service.call(operation, input, caller);
      },
    };
  }

  readonly consumed = ({ readUnits, writeUnits }: Consumed): void => {
    this.add('dynamodb.readRequestUnits', readUnits);
    this.add('dynamodb.writeRequestUnits', writeUnits);
  };

  counts(): Usage {
    return Object.fromEntries(this.#counts);
  }
}
