// @ts-check
/// <reference lib="dom" />
/**
 * A price that has changed lights up, where motion is wanted.
 *
 * @module
 */

const FLASH_MS = 600;
/** At most one flash a second and element: three would be too many (WCAG 2.3.1). */
const FLASH_PAUSE_MS = 1000;

/** What flashes does so in the colour `--flash`. */
export function createFlash() {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {WeakMap<Element, number>} */
  const flashedAt = new WeakMap();

  /** @param {Element} element */
  return function flash(element) {
    const now = performance.now();
    if (still.matches || now - (flashedAt.get(element) ?? -FLASH_PAUSE_MS) < FLASH_PAUSE_MS) return;
    flashedAt.set(element, now);
    element.animate([{ backgroundColor: "var(--flash)" }, {
      backgroundColor: "transparent",
    }], FLASH_MS);
  };
}
