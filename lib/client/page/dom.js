// @ts-check
/// <reference lib="dom" />
/**
 * Elements of the server's first paint.
 *
 * @module
 */

/**
 * Finds the first element that matches a selector.
 *
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 * @throws {TypeError} If there is none, or if it is of another type.
 */
export function findElement(parent, selector, type) {
  const element = parent.querySelector(selector);
  if (element instanceof type) return element;
  throw new TypeError(`Cannot find ${selector} on the page`);
}

/**
 * Sets the machine-readable times of fields.
 *
 * @param {ParentNode} parent
 * @param {Readonly<Record<string, string>>} times In ISO 8601, by field.
 */
export function writeTimes(parent, times) {
  for (const [field, iso] of Object.entries(times)) {
    findElement(parent, `[data-field=${field}]`, HTMLTimeElement).dateTime = iso;
  }
}

/**
 * Shows notes in a list, unless it shows them already. The style sheet colours a note by its state.
 *
 * @param {HTMLUListElement} list
 * @param {readonly { state: string, text: string }[]} notes
 */
export function showNotes(list, notes) {
  const texts = notes.map(({ text }) => text).join("\n");
  if (texts === list.dataset.notes) return;
  list.dataset.notes = texts;
  list.replaceChildren(...notes.map(({ state, text }) => {
    const item = document.createElement("li");
    item.dataset.state = state;
    item.textContent = text;
    return item;
  }));
}
