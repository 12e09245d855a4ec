// @ts-check
/// <reference lib="dom" />
/**
 * Writing of texts into the page.
 *
 * @module
 */

/**
 * Writes a text unless the element has it already, so that a repaint neither costs a layout nor ends a selection.
 *
 * @param {Element} element
 * @param {string} text Never parsed as markup.
 */
export function writeText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
