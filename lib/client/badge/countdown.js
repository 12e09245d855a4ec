// @ts-check
/// <reference lib="dom" />
/**
 * A countdown that pauses while it is invisible.
 *
 * @module
 */

/** Ms since the epoch, monotonic, as `ConnectionState.nextTryAt`. */
const clientNow = () => performance.timeOrigin + performance.now();

/**
 * Counts down once a second until it is stopped. It pauses while the element is hidden, scrolled away or in a background
 * tab.
 *
 * @param {Element} element
 * @param {(seconds: number | null) => void} onSeconds Receives whole seconds, 0 at the end; null if nothing is counted.
 */
export function createCountdown(element, onSeconds) {
  /** @type {number | null} */
  let endsAt = null;
  let isVisible = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const controller = new AbortController();

  function count() {
    clearTimeout(timer);
    if (endsAt === null) return onSeconds(null);
    const leftMs = endsAt - clientNow();
    onSeconds(Math.max(0, Math.ceil(leftMs / 1000)));
    if (leftMs > 0 && isVisible && !document.hidden) {
      timer = setTimeout(count, leftMs % 1000 + 1);
    }
  }

  const observer = new IntersectionObserver((entries) => {
    isVisible = entries.at(-1)?.isIntersecting ?? false;
    count();
  });
  observer.observe(element);
  document.addEventListener("visibilitychange", count, { signal: controller.signal });

  return {
    /** @param {number | null} time Ms since the epoch. */
    setEnd(time) {
      endsAt = time;
      count();
    },
    stop() {
      clearTimeout(timer);
      observer.disconnect();
      controller.abort();
    },
  };
}
