import type { Consumed } from './dynamodb/dynamodb.ts';
import type { AwsService } from './service.ts';

/** Amounts by unit. Units that AWS bills have the names of test/bench/prices.json. */
export type Usage = Readonly<Record<string, number>>;

/** Counts what AWS bills, as far as the embedded cloud doesn't show it afterwards. */
export class Meter {
  readonly #counts = new Map<string, number>();

  add(unit: string, amount = 1): void {
    this.#counts.set(unit, (this.#counts.get(unit) ?? 0) + amount);
  }

  /** Wraps a service so that each call counts. */
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
