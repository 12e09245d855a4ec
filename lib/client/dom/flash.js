// @ts-check
/// <reference lib="dom" />
/**
 * Flashes of changed prices.
 *
 * @module
 */

const FLASH_MS = 600;
/** The shortest time between two flashes of an element. Three flashes per second would be too many (WCAG 2.3.1). */
const MIN_FLASH_INTERVAL_MS = 1000;

/** Creates a function that flashes an element in the colour `--flash`. It does nothing if the user prefers reduced motion. */
export function createFlash() {
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {WeakMap<Element, number>} */
  const flashedAt = new WeakMap();

  /** Flashes an element. @param {Element} element */
  return function flash(element) {
    const now = performance.now();
    const elapsedMs = now - (flashedAt.get(element) ?? -MIN_FLASH_INTERVAL_MS);
    if (reducedMotion.matches || elapsedMs < MIN_FLASH_INTERVAL_MS) return;
    flashedAt.set(element, now);
    const frames = [{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }];
    element.animate(frames, FLASH_MS);
  };
}
