import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly payload: AdapterPayload;
  /** Epoch milliseconds, virtual; infinite when the model does not expire. */
  readonly expiresAtMs: number;
}

/**
 * Keeps oidc-provider's models in memory, one map each. Its own in-memory adapter warns at each start and drops the
 * least recently used of 1,000 entries, which may be a refresh token in use.
 */
export function inMemoryAdapter(): AdapterFactory {
  return () => new MapAdapter();
}

class MapAdapter implements Adapter {
  readonly #entries = new Map<string, Entry>();

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const nowMs = Date.now();
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAtMs <= nowMs) this.#entries.delete(key);
    }
    const expiresAtMs = expiresIn === undefined ? Infinity : nowMs + expiresIn * 1000;
    this.#entries.set(id, { payload, expiresAtMs });
    return Promise.resolve();
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    const entry = this.#entries.get(id);
    return Promise.resolve(entry && entry.expiresAtMs > Date.now() ? entry.payload : undefined);
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findWhere((payload) => payload.uid === uid);
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findWhere((payload) => payload.userCode === userCode);
  }

  async consume(id: string): Promise<void> {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  destroy(id: string): Promise<void> {
    this.#entries.delete(id);
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of this.#entries) {
      if (payload.grantId === grantId) this.#entries.delete(key);
    }
    return Promise.resolve();
  }

  #findWhere(matches: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> {
    for (const { payload, expiresAtMs } of this.#entries.values()) {
      if (matches(payload) && expiresAtMs > Date.now()) return Promise.resolve(payload);
    }
    return Promise.resolve(undefined);
  }
}
