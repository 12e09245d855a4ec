// @ts-check
/// <reference lib="dom" />
/**
 * Seconds to a moment, told once a second for as long as somebody can see it.
 *
 * @module
 */

/** As the client counts: since the epoch, undisturbed by changes of the clock. */
const clientNow = () => performance.timeOrigin + performance.now();

/**
 * Counts until it is stopped. Out of sight (hidden, scrolled away, in a tab behind) it stands still.
 *
 * @param {Element} place What is to be seen.
 * @param {(seconds: number | null) => void} tell Whole seconds, 0 when it is time; null where nothing is counted.
 */
export function createCountdown(place, tell) {
  /** @type {number | null} */
  let at = null;
  let isSeen = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const end = new AbortController();

  function count() {
    clearTimeout(timer);
    if (at === null) return tell(null);
    const leftMs = at - clientNow();
    tell(Math.max(0, Math.ceil(leftMs / 1000)));
    if (leftMs > 0 && isSeen && !document.hidden) timer = setTimeout(count, leftMs % 1000 + 1);
  }

  const observer = new IntersectionObserver((entries) => {
    isSeen = entries.at(-1)?.isIntersecting ?? false;
    count();
  });
  observer.observe(place);
  document.addEventListener("visibilitychange", count, { signal: end.signal });

  return {
    /** @param {number | null} moment Ms since the epoch. */
    setMoment(moment) {
      at = moment;
      count();
    },
    stop() {
      clearTimeout(timer);
      observer.disconnect();
      end.abort();
    },
  };
}
