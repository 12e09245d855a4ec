// @ts-check
/// <reference lib="dom" />
/**
 * Elements the server has painted: found, and written to by text alone.
 *
 * @module
 */

/**
 * Finds an element the server has painted.
 *
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(parent, selector, type) {
  const element = parent.querySelector(selector);
  if (element instanceof type) return element;
  throw new TypeError(`Cannot find ${selector} on the page`);
}

/**
 * Writes a text, where it is another one: what stays the same is not touched.
 *
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows notes in a list, each with the state that colours it.
 *
 * @param {HTMLUListElement} list
 * @param {readonly { state: string, text: string }[]} notes
 */
export function writeNotes(list, notes) {
  if (notes.map(({ text }) => text).join("\n") === list.dataset.notes) return;
  list.dataset.notes = notes.map(({ text }) => text).join("\n");
  list.replaceChildren(...notes.map(({ state, text }) => {
    const line = document.createElement("li");
    line.dataset.state = state;
    line.textContent = text;
    return line;
  }));
}
