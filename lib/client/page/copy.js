// @ts-check
/// <reference lib="dom" />
/**
 * Commands that can be copied.
 *
 * @module
 */
import { find } from "./find.js";

/** How long it says that it was copied. */
const COPIED_MS = 2000;

/**
 * Shows the buttons of all commands, where the browser can copy.
 *
 * @param {HTMLElement} page
 */
export function offerCopies(page) {
  if (!navigator.clipboard) return;
  for (const command of page.querySelectorAll(".command")) {
    const button = find(command, "button", HTMLButtonElement);
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(find(command, "code", HTMLElement).textContent ?? "");
      button.textContent = "Copied";
      setTimeout(() => button.textContent = "Copy", COPIED_MS);
    });
  }
}
