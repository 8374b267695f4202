import { createHash, randomBytes, randomUUID } from 'node:crypto';

import type { Clock, Random } from '../core/ports.ts';

export const systemClock: Clock = { nowMs: () => Date.now() };

export const systemRandom: Random = {
  secret: () => randomBytes(32).toString('base64url'),
  uuid: () => randomUUID(),
  hash: (value) => createHash('sha256').update(value).digest('base64url'),
};
