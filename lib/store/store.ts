/**
 * The key-value store: small values that all isolates share.
 *
 * @module
 */

/** A key-value store. Every method rejects with `StoreUnavailable` while the store does not answer. */
export interface Store {
  /** Reads a value. @returns Null if there is none. */
  get(key: string): Promise<string | null>;
  /** Stores a value for `ttlMs` milliseconds, or until it is replaced. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /** Reads and deletes a value in one step: of several callers, one gets it. */
  take(key: string): Promise<string | null>;
  /**
   * Reads the values of all keys in an open index, in no order. A publication changes the index together with the value
   * (`Cas.openIndex`). A key whose value has expired is removed from the index; it never returns.
   */
  all(openIndex: string): Promise<string[]>;
  /**
   * Replaces a value if it is still `expected`. Null stands for no value.
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
