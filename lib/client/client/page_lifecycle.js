// @ts-check
/**
 * Detects hidden pages, sleep, and the return from them or of the network.
 *
 * @module
 */

const TICK_MS = 1000;
/** A later tick counts as sleep. Browsers delay the ticks of hidden pages too: `onWake` must keep a connection that delivers. */
const MAX_TICK_GAP_MS = 11_000;
/** A page that is hidden for longer releases its connection. */
const MAX_HIDDEN_MS = 300_000;

/**
 * Observes the page and the clocks until it is closed. Sleep is detected by late ticks, so only with `onTick`.
 *
 * @param {import("./types.js").BrowserRuntime} runtime
 * @param {object} handlers
 * @param {() => void} [handlers.onTick] Called every second between `start` and `stop`, except after sleep.
 * @param {(sleptMs: number) => void} handlers.onWake The page may need its connection: it is visible or resumed, the network
 *   is back, or sleep is over. `sleptMs` is the time that the monotonic clock has missed.
 * @param {() => void} [handlers.onHide] The page is hidden. It may keep its stream until `onRelease`.
 * @param {() => void} handlers.onRelease The page must release its connection: it is frozen, left or hidden for too long.
 */
export function createPageLifecycle(runtime, { onTick, onWake, onHide, onRelease }) {
  /** Cancels the next tick. @type {(() => void) | undefined} */
  let cancelTick;
  /** Cancels the timer of a hidden page, undefined unless it runs. @type {(() => void) | undefined} */
  let cancelHiddenTimer;
  let tickedAt = 0;
  /** The wall clock minus the monotonic clock, which stops during sleep. */
  let clockOffsetMs = 0;

  function scheduleTick() {
    tickedAt = runtime.now();
    clockOffsetMs = tickedAt - runtime.elapsed();
    cancelTick?.();
    cancelTick = runtime.after(TICK_MS, tick);
  }

  function tick() {
    const wallTime = runtime.now();
    const sleptMs = wallTime - runtime.elapsed() - clockOffsetMs;
    const isLate = wallTime - tickedAt > MAX_TICK_GAP_MS;
    scheduleTick();
    if (isLate) onWake(sleptMs);
    else onTick?.();
  }

  /** Starts the timer, unless it runs: the time counts from when the page was hidden. */
  function startHiddenTimer() {
    cancelHiddenTimer ??= runtime.after(MAX_HIDDEN_MS, () => {
      stopHiddenTimer();
      onRelease();
    });
  }

  function stopHiddenTimer() {
    cancelHiddenTimer?.();
    cancelHiddenTimer = undefined;
  }

  const unsubscribe = runtime.onLifecycleEvent((event) => {
    if (!runtime.isHidden()) stopHiddenTimer();
    switch (event) {
      case "hidden":
        startHiddenTimer();
        onHide?.();
        break;
      case "freeze":
      case "pagehide":
        onRelease();
        break;
      case "visible":
      case "resume":
      case "pageshow":
      case "online":
        onWake(0);
        break;
      case "offline":
        // The browser may be wrong. A lost connection shows itself.
    }
  });

  function start() {
    if (runtime.isHidden()) startHiddenTimer();
    if (onTick) scheduleTick();
  }
  start();

  function stop() {
    cancelTick?.();
    stopHiddenTimer();
  }

  return {
    /** Starts the timers again after `stop`. The lifecycle is created started; another call restarts the tick. */
    start,
    /** Stops the timers. Events of the page are still observed. */
    stop,
    /** Ends the observation for good. */
    close() {
      unsubscribe();
      stop();
    },
  };
}
