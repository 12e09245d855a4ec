/**
 * Tombstones: retractions in the shared store, which outlive the log's own.
 *
 * @module
 */
import type { Store } from "../../store/store.ts";

/** The keys of retracted articles. */
export interface RetractionTombstones {
  /**
   * Reports whether one of the keys has a tombstone. A tombstone that is found is kept for the full time again; that of
   * a title is not, because other articles may use the title one day.
   */
  has(keys: readonly string[], title: string | null): Promise<boolean>;
  add(keys: readonly string[]): Promise<void>;
}

/** Creates tombstones that expire `ttlMs` milliseconds after they were last set. */
export function createRetractionTombstones(
  store: Pick<Store, "get" | "set">,
  ttlMs: number,
): RetractionTombstones {
  const storeKeyOf = (key: string) => `news:retracted:${key}`;

  async function add(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => store.set(storeKeyOf(key), "1", ttlMs)));
  }

  return {
    async has(keys, title) {
      const all = title === null ? keys : [...keys, title];
      const values = await Promise.all(all.map((key) => store.get(storeKeyOf(key))));
      const found = all.filter((_, n) => values[n] !== null);
      await add(found.filter((key) => key !== title));
      return found.length > 0;
    },
    add,
  };
}
