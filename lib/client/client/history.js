// @ts-check
/// <reference lib="dom" />
/**
 * A list that outlives the page, such as the turns of a chat.
 *
 * @module
 */

/**
 * @template T
 * @typedef {object} History
 * @property {() => readonly T[]} list Oldest first, as other tabs have left it.
 * @property {(item: T) => readonly T[]} add Gives the list as it is kept: the oldest may have made room.
 * @property {() => void} clear
 */

/**
 * Keeps a list in a storage. Where that is full the oldest go. Where it is shut, as in private windows, or has no room for
 * the newest alone, the list lives as long as the page.
 *
 * @template T What JSON can hold.
 * @param {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} storage Such as `() => localStorage`: to ask for it may throw by itself.
 * @param {string} key
 * @returns {History<T>}
 */
export function createHistory(storage, key) {
  /** @type {readonly T[]} */
  let items = [];
  /** False where the storage does not hold what we hold. */
  let isKept = true;

  function list() {
    if (!isKept) return items;
    try {
      const found = JSON.parse(storage().getItem(key) ?? "[]");
      items = Array.isArray(found) ? found : [];
    } catch {
      // Shut, or somebody else's words: what we hold is all there is.
    }
    return items;
  }

  /**
   * @param {T} item
   * @throws {TypeError} Where it cannot be written as JSON.
   */
  function add(item) {
    JSON.stringify(item); // Throws before anything is changed.
    items = [...list(), item];
    isKept = false;
    // A tenth at a time, so that a full storage does not have to be fought for at every turn.
    for (let rest = items; rest.length > 0; rest = rest.slice(Math.ceil(rest.length / 10))) {
      const json = JSON.stringify(rest);
      try {
        storage().setItem(key, json);
      } catch {
        continue;
      }
      items = rest;
      isKept = true;
      break;
    }
    return items;
  }

  function clear() {
    items = [];
    try {
      storage().removeItem(key);
      isKept = true;
    } catch {
      isKept = false;
    }
  }

  return { list, add, clear };
}
