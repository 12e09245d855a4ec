/**
 * The store of one isolate, which forgets everything when it stops.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import type { Store } from "./store.ts";

/** All values together take no more, in characters. */
const MOST_CHARACTERS = 16_777_216;

/** What became of a swap: `held` alone does not tell, since what is there already may be what was to be put. */
export interface Swapped {
  readonly isSwapped: boolean;
  /** What is kept now. */
  readonly held: string | null;
}

/** A store that has no other side: it answers at once. */
export interface MemoryStore extends Store {
  /** As `swap()`, in this turn. */
  swapNow(key: string, expected: string | null, next: string | null, ttlMs?: number): Swapped;
}

/** Creates an empty store. The values used longest ago give way where there are too many. */
export function createMemoryStore(clock: Clock): MemoryStore {
  const values = new LRUCache<string, string>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (value, key) => value.length + key.length + 64,
    ttlResolution: 0,
    perf: clock,
  });

  /** Lru-cache takes a TTL of 0 for none. */
  function put(key: string, value: string, ttlMs = 0): void {
    values.set(key, value, { ttl: ttlMs });
  }

  const swapNow: MemoryStore["swapNow"] = (key, expected, next, ttlMs) => {
    const held = values.get(key) ?? null;
    if (held !== expected) return { isSwapped: false, held };
    if (next === null) values.delete(key);
    else put(key, next, ttlMs);
    return { isSwapped: true, held: next };
  };

  return {
    get: (key) => Promise.resolve(values.get(key) ?? null),
    set(key, value, ttlMs) {
      put(key, value, ttlMs);
      return Promise.resolve();
    },
    take(key) {
      const value = values.get(key) ?? null;
      values.delete(key);
      return Promise.resolve(value);
    },
    swap: (...asked) => Promise.resolve(swapNow(...asked).held),
    swapNow,
  };
}
