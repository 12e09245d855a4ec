/**
 * Tombstones: marks in the shared store that keep retracted articles from being published again.
 *
 * The log remembers a retraction only as long as it retains the event. A feed may show the item for longer.
 *
 * @module
 */
import type { Store } from "../../store/store.ts";
import { ARCHIVE_TTL_MS } from "./article_archive.ts";
import type { ArticleKey } from "./identity.ts";

/** The tombstones of retracted articles, by article key. They last for more than a year. */
export interface RetractionTombstones {
  /** Returns those of the keys that have a tombstone. */
  find(keys: readonly ArticleKey[]): Promise<ReadonlySet<ArticleKey>>;
  /** Sets a tombstone for each key. */
  add(keys: readonly ArticleKey[]): Promise<void>;
}

/** Creates the tombstones of a store. */
export function createRetractionTombstones(
  store: Pick<Store, "getMany" | "set">,
): RetractionTombstones {
  const storeKeyOf = (key: ArticleKey) => `news:retracted:${key}`;

  return {
    async find(keys) {
      const values = keys.length === 0 ? [] : await store.getMany(keys.map(storeKeyOf));
      return new Set(keys.filter((_, index) => values[index] !== null));
    },
    async add(keys) {
      await Promise.all(keys.map((key) => store.set(storeKeyOf(key), "1", ARCHIVE_TTL_MS)));
    },
  };
}
