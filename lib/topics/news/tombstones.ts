/**
 * Tombstones: marks in the shared store that keep retracted articles from being published again.
 *
 * The log remembers a retraction only as long as it retains the event. A feed may show the item for longer.
 *
 * @module
 */
import type { Store } from "../../store/store.ts";
import type { ArticleKey } from "./article_keys.ts";

/** The tombstones of retracted articles, by article key. */
export interface RetractionTombstones {
  /**
   * Tests if one of the keys has a tombstone, and renews the tombstones of `keys`, so that they last as long as a
   * feed shows the item. The tombstone of a title is not renewed, because another article may use the title one day.
   *
   * @param titleKey The key of the title, null if titles are not compared.
   */
  matchAndRenew(keys: readonly ArticleKey[], titleKey: ArticleKey | null): Promise<boolean>;
  /** Sets a tombstone for each key. */
  add(keys: readonly ArticleKey[]): Promise<void>;
}

/** Creates tombstones. @param ttlMs The time after which one expires unless it is renewed, in milliseconds. */
export function createRetractionTombstones(
  store: Pick<Store, "get" | "set">,
  ttlMs: number,
): RetractionTombstones {
  const storeKeyOf = (key: ArticleKey) => `news:retracted:${key}`;

  async function hasTombstone(key: ArticleKey): Promise<boolean> {
    return await store.get(storeKeyOf(key)) !== null;
  }

  async function add(keys: readonly ArticleKey[]): Promise<void> {
    await Promise.all(keys.map((key) => store.set(storeKeyOf(key), "1", ttlMs)));
  }

  return {
    async matchAndRenew(keys, titleKey) {
      const candidates = titleKey === null ? keys : [...keys, titleKey];
      const matches = await Promise.all(candidates.map(hasTombstone));
      const matchingKeys = candidates.filter((_, index) => matches[index]);
      await add(matchingKeys.filter((key) => key !== titleKey));
      return matchingKeys.length > 0;
    },
    add,
  };
}
