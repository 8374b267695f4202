const redacted = '[redacted]';

/** A credential that prints as `[redacted]` everywhere; only adapters may `reveal()` it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The credential itself. For adapters alone: at the moment it is sent or stored. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same credential; says nothing about either. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}
