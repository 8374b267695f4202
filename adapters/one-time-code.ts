import { Secret, TOTP, URI } from 'otpauth';

/**
 * The code of this half-minute (RFC 6238).
 * @param seed Base32, or the `otpauth://totp/…` address of a QR code, which may name other digits and periods
 * @returns undefined for what is neither
 */
export function oneTimeCode(seed: string, nowMs: number): string | undefined {
  try {
    const generator = /^otpauth:/i.test(seed)
      ? URI.parse(seed)
      : new TOTP({ secret: Secret.fromBase32(seed.replaceAll(/[\s=]/g, '')) });
    return generator instanceof TOTP ? generator.generate({ timestamp: nowMs }) : undefined;
  } catch {
    // It would quote the seed.
    return undefined;
  }
}
