// @ts-check
/// <reference lib="dom" />
/**
 * Buttons that copy commands.
 *
 * @module
 */
import { writeText } from "../badge/view.js";
import { findElement } from "./dom.js";

const FEEDBACK_MS = 2000;

/**
 * Shows a button beside each command if the browser can copy. Commands get the server's URL as this browser knows it,
 * because a server behind a proxy may not.
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

/** @param {HTMLButtonElement} button @param {HTMLElement} code */
function showCopyButton(button, code) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} text */
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
