import { Secret, TOTP, URI } from 'otpauth';

/**
 * Computes the current one-time code (RFC 6238) and how long it stays valid.
 * @param seed Base32, or the `otpauth://totp/…` address of a QR code, which may set other digits and periods
 * @returns undefined if the seed is neither
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
    // The library's error would quote the seed.
    return undefined;
  }
}
