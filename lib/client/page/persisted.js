// @ts-check
/// <reference lib="dom" />
/**
 * What the next page of this tab goes on from, where the browser lets a page keep anything.
 *
 * @module
 */

const TRAILS = "edgetape trails";

/** What was kept, null where nothing was: some browsers are told to let no page keep anything, and say so by throwing. */
export function keptTrails() {
  try {
    return sessionStorage.getItem(TRAILS);
  } catch {
    return null;
  }
}

/** @param {string} text */
export function keepTrails(text) {
  try {
    sessionStorage.setItem(TRAILS, text);
  } catch {
    // The next page begins anew.
  }
}
