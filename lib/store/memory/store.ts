/**
 * The store of one isolate, which forgets everything when it stops.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../core/clock.ts";
import type { Cas, CasResult } from "../event_log.ts";
import type { Store } from "../store.ts";

/** All values together take no more, in characters. */
const MAX_STORE_CHARACTERS = 16_777_216;

/** A store that has no other side: it answers at once. */
export interface MemoryStore extends Store {
  /** As `swap()`, in this turn, and the roll with it: `full` where that has no room. */
  casNow(cas: Cas): CasResult | "full";
}

/** Creates an empty store. The values used longest ago give way where there are too many. */
export function createMemoryStore(clock: Clock): MemoryStore {
  const values = new LRUCache<string, string>({
    maxSize: MAX_STORE_CHARACTERS,
    sizeCalculation: (value, key) => value.length + key.length + 64,
    ttlResolution: 0,
    perf: clock,
  });

  /** The keys on each roll. */
  const rolls = new Map<string, Set<string>>();

  function keysOn(openIndex: string): Set<string> {
    const known = rolls.get(openIndex) ?? new Set();
    rolls.set(openIndex, known);
    return known;
  }

  /** Lru-cache takes a TTL of 0 for none. */
  function put(key: string, value: string, ttlMs = 0): void {
    values.set(key, value, { ttl: ttlMs });
  }

  function swapped(
    key: string,
    expected: string | null,
    next: string | null,
    ttlMs?: number,
  ): CasResult {
    const held = values.get(key) ?? null;
    if (held !== expected) return { isSet: false, current: held };
    if (next === null) values.delete(key);
    else put(key, next, ttlMs);
    return { isSet: true, current: next };
  }

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
    all(openIndex) {
      const on = keysOn(openIndex);
      const found: string[] = [];
      for (const key of on) {
        const value = values.get(key);
        if (value === undefined) on.delete(key);
        else found.push(value);
      }
      return Promise.resolve(found);
    },
    cas: (...asked) => Promise.resolve(swapped(...asked).current),
    casNow({ key, expected, next, ttlMs, openIndex }) {
      const on = openIndex && keysOn(openIndex.name);
      const isExpected = (values.get(key) ?? null) === expected;
      if (isExpected && on && openIndex.isOpen && on.size >= openIndex.max) return "full";
      const outcome = swapped(key, expected, next, ttlMs);
      if (outcome.isSet && openIndex?.isOpen) on?.add(key);
      else if (outcome.isSet) on?.delete(key);
      return outcome;
    },
  };
}
