/**
 * The key-value store: small values that all isolates share.
 *
 * @module
 */

/** A key-value store. Every method rejects with `StoreUnavailable` while the store does not answer. */
export interface Store {
  /** Reads a value. Returns null if there is none. */
  get(key: string): Promise<string | null>;
  /** Reads the values of several keys, in their order. Null stands for no value. */
  getMany(keys: readonly string[]): Promise<(string | null)[]>;
  /** Stores a value for `ttlMs` milliseconds. By default it does not expire. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /** Reads and deletes a value in one step, so that only one of several callers gets it. */
  take(key: string): Promise<string | null>;
  /**
   * Reads the values of all keys in an open index, unordered. A publication changes the index together with the value
   * (`Cas.openIndex`). A key whose value has expired is removed from the index for good.
   */
  all(openIndex: string): Promise<string[]>;
  /**
   * Replaces a value if it is still `expected`. Null stands for no value, so a `next` of null deletes.
   *
   * @returns The value that is stored now: `next` if it was replaced, else the one that prevented it.
   */
  cas(
    key: string,
    expected: string | null,
    next: string | null,
    ttlMs?: number,
  ): Promise<string | null>;
}
