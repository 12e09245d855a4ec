// @ts-check
/// <reference lib="dom" />
/**
 * Flashes of changed prices.
 *
 * @module
 */

/** The duration of a flash, shorter than the interval so that flashes of an element do not overlap. */
const FLASH_MS = 600;
/** The shortest interval of the flashes of an element. WCAG 2.3.1 allows at most three in one second. */
const MIN_FLASH_INTERVAL_MS = 1000;

/**
 * Creates a function that flashes an element in the colour `--flash`. The function does nothing if the user
 * prefers reduced motion, or if the element has flashed within the last second.
 */
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
