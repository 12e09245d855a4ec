/**
 * The key-value store of a single isolate, in memory.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../core/clock.ts";
import type { Cas, CasResult } from "../event_log.ts";
import type { Store } from "../store.ts";

/** Maximum size of all values, in characters. */
const MAX_STORE_CHARACTERS = 16_777_216;

/** The size of an entry besides its key and value, in characters. */
const ENTRY_OVERHEAD_CHARACTERS = 64;

/** A store with a synchronous compare-and-set for the log. */
export interface MemoryStore extends Store {
  /** Compares and sets, and updates the open index. Returns `full` if the open index takes no further key. */
  casNow(cas: Cas): CasResult | "full";
}

/** Creates an empty store. It evicts the least recently used values to stay within its size. */
export function createMemoryStore(clock: Pick<Clock, "elapsed">): MemoryStore {
  const values = new LRUCache<string, string>({
    maxSize: MAX_STORE_CHARACTERS,
    sizeCalculation: (value, key) => value.length + key.length + ENTRY_OVERHEAD_CHARACTERS,
    ttlResolution: 0,
    perf: { now: clock.elapsed },
  });

  /** The keys of each open index. */
  const openIndexes = new Map<string, Set<string>>();

  function keysOf(openIndex: string): Set<string> {
    const keys = openIndexes.get(openIndex) ?? new Set();
    openIndexes.set(openIndex, keys);
    return keys;
  }

  function read(key: string): string | null {
    return values.get(key) ?? null;
  }

  /** A TTL of 0 means no expiry. */
  function put(key: string, value: string, ttlMs = 0): void {
    values.set(key, value, { ttl: ttlMs });
  }

  function cas(
    key: string,
    expected: string | null,
    next: string | null,
    ttlMs?: number,
  ): CasResult {
    const current = read(key);
    if (current !== expected) return { isSet: false, current };
    if (next === null) values.delete(key);
    else put(key, next, ttlMs);
    return { isSet: true, current: next };
  }

  return {
    get: (key) => Promise.resolve(read(key)),
    getMany: (keys) => Promise.resolve(keys.map(read)),
    set(key, value, ttlMs) {
      put(key, value, ttlMs);
      return Promise.resolve();
    },
    take(key) {
      const value = read(key);
      values.delete(key);
      return Promise.resolve(value);
    },
    all(openIndex) {
      const keys = keysOf(openIndex);
      const openValues: string[] = [];
      for (const key of keys) {
        const value = read(key);
        if (value === null) keys.delete(key);
        else openValues.push(value);
      }
      return Promise.resolve(openValues);
    },
    cas: (...args) => Promise.resolve(cas(...args).current),
    casNow({ key, expected, next, ttlMs, openIndex }) {
      const keys = openIndex && keysOf(openIndex.name);
      const isFull = keys && openIndex.isOpen && keys.size >= openIndex.max;
      if (isFull && read(key) === expected) return "full";
      const result = cas(key, expected, next, ttlMs);
      if (result.isSet && openIndex?.isOpen) keys?.add(key);
      else if (result.isSet) keys?.delete(key);
      return result;
    },
  };
}
