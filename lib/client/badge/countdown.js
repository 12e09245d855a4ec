// @ts-check
/// <reference lib="dom" />
/**
 * A countdown that pauses while it is invisible.
 *
 * @module
 */
import { browserRuntime } from "../client/runtime.js";

/**
 * Creates a countdown, which reports once per second until its end. It pauses while the element is hidden, scrolled away or
 * in a background tab.
 *
 * @param {Element} element
 * @param {(seconds: number | null) => void} onSeconds Receives whole seconds, 0 at the end; null without an end.
 */
export function createCountdown(element, onSeconds) {
  const { elapsed } = browserRuntime();
  /** @type {number | null} */
  let endsAt = null;
  let isVisible = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const controller = new AbortController();

  /** Reports the seconds and schedules the next report while the element is visible. */
  function count() {
    clearTimeout(timer);
    if (controller.signal.aborted) return;
    if (endsAt === null) {
      onSeconds(null);
      return;
    }
    const leftMs = endsAt - elapsed();
    onSeconds(Math.max(0, Math.ceil(leftMs / 1000)));
    if (leftMs > 0 && isVisible && !document.hidden) {
      // Just after the next whole second, because a timer may fire early.
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
    /** Starts to count, or stops at null. @param {number | null} time By the clock of `ConnectionState.nextTryAt`. */
    setEnd(time) {
      endsAt = time;
      count();
    },
    /** Ends the countdown. A later `setEnd()` has no effect. */
    stop() {
      clearTimeout(timer);
      observer.disconnect();
      controller.abort();
    },
  };
}
