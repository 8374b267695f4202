/**
 * Time limits around a token request. Each is longer than everything inside it. Some providers answer only after twenty
 * seconds, and with rotation a lost answer is a lost grant.
 */

/** One request to a token endpoint. */
export const tokenRequestMs = 25_000;

/** A function that spends a code or a refresh token: metadata (3 s), the request (25 s), patient storing (20 s). */
export const tokenFunctionSeconds = 60;

/** The state around such a function. `keep-grant.asl.json` has the same number. */
export const tokenStateSeconds = 75;

/** The lease. It outlasts a function that spends the refresh token, and clocks that differ by a few seconds. */
export const leaseMs = 75_000;

/** After this time a login's callback and its lease have both ended. */
export const callbackGraceMs = 90_000;
