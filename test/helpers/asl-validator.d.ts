declare module 'asl-validator' {
  /** The package ships no types. */
  export default function validate(definition: unknown): {
    readonly isValid: boolean;
    errorsText(separator?: string): string;
  };
}
