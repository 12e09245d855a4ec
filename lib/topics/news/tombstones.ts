/**
 * What all isolates remember of news beyond the log, and what of it may not come back.
 *
 * @module
 */
import type { ArticleKey } from "./article_keys.ts";

/** The least of a shared store that news needs. */
export interface NewsStore {
  get(key: string): Promise<string | null>;
  /** Keeps a text for so many milliseconds. */
  set(key: string, text: string, ttlMs: number): Promise<void>;
}

/** Articles that were taken back. */
export interface RetractionTombstones {
  /**
   * Whether any of these keys was taken back. A key that was is remembered anew; a title is not, since others may be
   * told under it one day.
   */
  has(keys: readonly ArticleKey[], title: ArticleKey | null): Promise<boolean>;
  remember(keys: readonly ArticleKey[]): Promise<void>;
}

/** Creates retractions that are remembered for a time, counted from when they were met last. */
export function createRetractionTombstones(memory: NewsStore, ttlMs: number): RetractionTombstones {
  const nameOf = (key: ArticleKey) => `news:retracted:${key}`;

  async function remember(keys: readonly ArticleKey[]): Promise<void> {
    await Promise.all(keys.map((key) => memory.set(nameOf(key), "1", ttlMs)));
  }

  return {
    async has(keys, title) {
      const all = title === null ? keys : [...keys, title];
      const found = await Promise.all(all.map((key) => memory.get(nameOf(key))));
      const met = all.filter((_, n) => found[n] !== null);
      await remember(met.filter((key) => key !== title));
      return met.length > 0;
    },
    remember,
  };
}
