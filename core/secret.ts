const redacted = '[redacted]';

/** A credential that prints as `[redacted]` everywhere; only adapters may `reveal()` it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the credential. Only adapters may call this, when they send or store it. */
  reveal(): string {
    return this.#value;
  }

  /** True if both hold the same credential. */
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
