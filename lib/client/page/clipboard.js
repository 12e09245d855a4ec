// @ts-check
/// <reference lib="dom" />
/**
 * Buttons that copy commands.
 *
 * @module
 */
import { writeText } from "../dom/write_text.js";
import { findElement } from "./dom.js";

/** The time that a button shows the result: long enough to read two words. */
const FEEDBACK_MS = 2000;

/**
 * Shows a button beside each command if the browser can copy. The commands get the origin of this page, because a server
 * behind a proxy may not know it.
 *
 * @param {HTMLElement} page
 */
export function showCopyButtons(page) {
  const { origin = "" } = findElement(page, "#commands", HTMLElement).dataset;
  for (const command of page.querySelectorAll(".command")) {
    const code = findElement(command, "code", HTMLElement);
    writeText(code, code.textContent.replace(origin, location.origin));
    if (navigator.clipboard) {
      showCopyButton(findElement(command, "button", HTMLButtonElement), code);
    }
  }
}

/** Shows a button that copies a command. @param {HTMLButtonElement} button @param {HTMLElement} code */
function showCopyButton(button, code) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Shows a text in place of "Copy" for a moment. @param {string} text */
  function showFeedback(text) {
    clearTimeout(timer);
    button.textContent = text;
    timer = setTimeout(() => button.textContent = "Copy", FEEDBACK_MS);
  }

  button.hidden = false;
  button.addEventListener("click", () =>
    navigator.clipboard.writeText(code.textContent)
      .then(() => showFeedback("Copied"), () => showFeedback("Not allowed")));
}
