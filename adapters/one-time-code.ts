import { Secret, TOTP, URI } from 'otpauth';

/**
 * The code of this half-minute (RFC 6238), and for how long it is that.
 * @param seed Base32, or the `otpauth://totp/…` address of a QR code, which may name other digits and periods
 * @returns undefined for what is neither
 */
export function oneTimeCode(
  seed: string,
  nowMs: number,
): { readonly code: string; readonly leftMs: number } | undefined {
  try {
    const generator = /^otpauth:/i.test(seed)
      ? URI.parse(seed)
      : new TOTP({ secret: Secret.fromBase32(seed.replaceAll(/[\s=]/g, '')) });
    if (!(generator instanceof TOTP)) return undefined;
    const periodMs = generator.period * 1000;
    return { code: generator.generate({ timestamp: nowMs }), leftMs: periodMs - (nowMs % periodMs) };
  } catch {
    // It would quote the seed.
    return undefined;
  }
}
