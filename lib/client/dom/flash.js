// @ts-check
/// <reference lib="dom" />
/**
 * Flashes of changed prices.
 *
 * @module
 */

const FLASH_MS = 600;
/** At most one flash a second and element: three would be too many (WCAG 2.3.1). */
const FLASH_PAUSE_MS = 1000;

/** Creates a function that flashes an element in the colour `--flash`, unless the user prefers reduced motion. */
export function createFlash() {
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {WeakMap<Element, number>} */
  const flashedAt = new WeakMap();

  /** @param {Element} element */
  return function flash(element) {
    const now = performance.now();
    const elapsedMs = now - (flashedAt.get(element) ?? -FLASH_PAUSE_MS);
    if (reducedMotion.matches || elapsedMs < FLASH_PAUSE_MS) return;
    flashedAt.set(element, now);
    const frames = [{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }];
    element.animate(frames, FLASH_MS);
  };
}
