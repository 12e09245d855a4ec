// @ts-check
/// <reference lib="dom" />
/**
 * A list that outlives the page, such as the turns of a chat.
 *
 * @module
 */

/**
 * @template T
 * @typedef {object} PersistedList
 * @property {() => readonly T[]} list Oldest first, including items of other tabs.
 * @property {(item: T) => readonly T[]} add Returns the stored list, which may have lost its oldest items.
 * @property {() => void} clear
 */

/** Counts the items to evict: a tenth, so that a full storage does not evict with every item. @param {readonly unknown[]} items */
const evictedCount = ({ length }) => Math.ceil(length / 10);

/**
 * Keeps a list in a storage. A full storage evicts the oldest items. If the storage is unavailable, as in private windows,
 * or too small for the newest item, the list lives as long as the page.
 *
 * @template T A JSON value.
 * @param {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} storage Such as `() => localStorage`: the access itself may throw.
 * @param {string} key
 * @returns {PersistedList<T>}
 */
export function createHistory(storage, key) {
  /** @type {readonly T[]} */
  let items = [];
  /** False if the storage lacks items of this list. */
  let isPersisted = true;

  function list() {
    if (!isPersisted) return items;
    try {
      const stored = JSON.parse(storage().getItem(key) ?? "[]");
      items = Array.isArray(stored) ? stored : [];
    } catch {
      // The storage is unavailable or holds something else: the items in memory remain.
    }
    return items;
  }

  /**
   * Adds an item to the list and stores it.
   *
   * @param {T} item
   * @throws {TypeError} If the item cannot be written as JSON.
   */
  function add(item) {
    JSON.stringify(item); // Throws before the list changes.
    items = [...list(), item];
    isPersisted = false;
    for (let newest = items; newest.length > 0; newest = newest.slice(evictedCount(newest))) {
      const json = JSON.stringify(newest);
      try {
        storage().setItem(key, json);
      } catch {
        continue; // The storage is full or unavailable.
      }
      items = newest;
      isPersisted = true;
      break;
    }
    return items;
  }

  function clear() {
    items = [];
    try {
      storage().removeItem(key);
      isPersisted = true;
    } catch {
      isPersisted = false;
    }
  }

  return { list, add, clear };
}
