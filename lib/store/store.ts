/**
 * Small values all isolates share, by key.
 *
 * @module
 */

/** Where the store cannot be reached, everything rejects with a {@linkcode StoreAway}. */
export interface Store {
  /** What is kept under a key: null where nothing is. */
  get(key: string): Promise<string | null>;
  /** Keeps a value, for `ttlMs` milliseconds or for good. */
  set(key: string, value: string, ttlMs?: number): Promise<void>;
  /** Gives a value and forgets it, in one step: of several who take it, one gets it. */
  take(key: string): Promise<string | null>;
  /**
   * All values whose keys are on a roll, in no order. A publication puts them there or takes them off (`Swap.roll`), in the
   * step that changes the value. A key without a value has outlived it, and is taken off; it never comes again.
   */
  all(openIndex: string): Promise<string[]>;
  /**
   * Puts `next` in the place of `expected`, where that is still what is kept; null stands for nothing.
   *
   * @returns What is kept now: `next` where it was put, else what is there instead.
   */
  cas(
    key: string,
    expected: string | null,
    next: string | null,
    ttlMs?: number,
  ): Promise<string | null>;
}
