export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/**
 * "Maximum input or result data size for a task, state, or execution": 256 KiB of UTF-8.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions
 */
export const maximumPayloadBytes = 262_144;

export function payloadBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
