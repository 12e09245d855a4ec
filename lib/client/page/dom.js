// @ts-check
/// <reference lib="dom" />
/**
 * Access to elements of the server's first paint.
 *
 * @module
 */

/**
 * Finds an element.
 *
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 * @throws {TypeError} If the page has no such element.
 */
export function findElement(parent, selector, type) {
  const element = parent.querySelector(selector);
  if (element instanceof type) return element;
  throw new TypeError(`Cannot find ${selector} on the page`);
}

/**
 * Shows notes in a list, each with the state that colours it.
 *
 * @param {HTMLUListElement} list
 * @param {readonly { state: string, text: string }[]} notes
 */
export function showNotes(list, notes) {
  if (notes.map(({ text }) => text).join("\n") === list.dataset.notes) return;
  list.dataset.notes = notes.map(({ text }) => text).join("\n");
  list.replaceChildren(...notes.map(({ state, text }) => {
    const item = document.createElement("li");
    item.dataset.state = state;
    item.textContent = text;
    return item;
  }));
}
