// @ts-check
/// <reference lib="dom" />
/**
 * Commands that can be copied.
 *
 * @module
 */
import { find, write } from "./dom.js";

/** How long it says whether it was copied. */
const TOLD_MS = 2000;

/**
 * Shows the buttons of all commands, where the browser can copy. Commands name the server as this browser reaches it,
 * which the server behind a proxy may not know.
 *
 * @param {HTMLElement} page
 */
export function offerCopies(page) {
  const { origin = "" } = find(page, "#commands", HTMLElement).dataset;
  for (const command of page.querySelectorAll(".command")) {
    const code = find(command, "code", HTMLElement);
    write(code, code.textContent.replace(origin, location.origin));
    if (navigator.clipboard) offerCopy(find(command, "button", HTMLButtonElement), code);
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} code
 */
function offerCopy(button, code) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} text */
  function tell(text) {
    clearTimeout(timer);
    button.textContent = text;
    timer = setTimeout(() => button.textContent = "Copy", TOLD_MS);
  }

  button.hidden = false;
  button.addEventListener("click", () =>
    navigator.clipboard.writeText(code.textContent)
      .then(() => tell("Copied"), () => tell("Not allowed")));
}
