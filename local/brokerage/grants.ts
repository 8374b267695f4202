import type { Provider } from 'oidc-provider';

/** The grants of each account to each client. Codes and tokens stop working when their grant ends. */
export class Grants {
  readonly #provider: Provider;
  readonly #idsByOwner = new Map<string, string[]>();
  readonly #accounts = new Map<string, readonly string[]>();

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  /** @returns the id of the new grant */
  async give(
    accountId: string,
    clientId: string,
    scope: string,
    accounts: readonly string[],
  ): Promise<string> {
    const grant = new this.#provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    const id = await grant.save();
    this.#accounts.set(id, accounts);
    const owner = ownerOf(accountId, clientId);
    this.#idsByOwner.set(owner, [...(this.#idsByOwner.get(owner) ?? []), id]);
    return id;
  }

  /** The accounts that a grant shares. */
  accountsOf(grantId: string): readonly string[] {
    return this.#accounts.get(grantId) ?? [];
  }

  /** Ends the earlier grants of this account to this client. */
  async endOf(accountId: string, clientId: string): Promise<void> {
    await this.#end(ownerOf(accountId, clientId));
  }

  async endAll(): Promise<void> {
    for (const owner of this.#idsByOwner.keys()) await this.#end(owner);
  }

  async #end(owner: string): Promise<void> {
    const ids = this.#idsByOwner.get(owner) ?? [];
    this.#idsByOwner.delete(owner);
    for (const id of ids) await this.#provider.Grant.adapter.destroy(id);
  }
}

const ownerOf = (accountId: string, clientId: string): string => JSON.stringify([accountId, clientId]);
