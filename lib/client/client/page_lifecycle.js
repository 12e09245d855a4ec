// @ts-check
/**
 * Detects sleep, hidden pages and lost networks, and the return from them.
 *
 * @module
 */

const TICK_MS = 1000;
/** A later tick means that the machine slept. */
const MAX_TICK_GAP_MS = 11_000;
/** A page that is hidden for longer releases its connection. */
const MAX_HIDDEN_MS = 300_000;

/**
 * Observes the page and the clocks until it is closed.
 *
 * @param {import("./types.js").BrowserRuntime} runtime
 * @param {object} handlers
 * @param {() => void} [handlers.onTick] Called every second between `start` and `stop`, except after sleep.
 * @param {(sleptMs: number) => unknown} handlers.onWake The page may need its connection. `sleptMs` is missing from the monotonic clock.
 * @param {(mayStream: boolean) => unknown} handlers.onHide The page is hidden. It may keep its stream until it is hidden for too long or frozen.
 */
export function createPageLifecycle(runtime, { onTick, onWake, onHide }) {
  let stopTick = () => {};
  let tickedAt = 0;
  /** The wall clock minus the monotonic clock, which stops during sleep. */
  let clockOffsetMs = 0;
  /** @type {(() => void) | undefined} */
  let stopHiddenTimer;

  function scheduleTick() {
    tickedAt = runtime.wallClock();
    clockOffsetMs = tickedAt - runtime.now();
    stopTick();
    stopTick = runtime.after(TICK_MS, tick);
  }

  function tick() {
    const wallTime = runtime.wallClock();
    const sleptMs = wallTime - runtime.now() - clockOffsetMs;
    const isLate = wallTime - tickedAt > MAX_TICK_GAP_MS;
    scheduleTick();
    if (isLate) onWake(sleptMs);
    else onTick?.();
  }

  function startHiddenTimer() {
    stopHiddenTimer ??= runtime.after(MAX_HIDDEN_MS, () => {
      cancelHiddenTimer();
      onHide(false);
    });
  }

  function cancelHiddenTimer() {
    stopHiddenTimer?.();
    stopHiddenTimer = undefined;
  }

  const unsubscribe = runtime.onLifecycleEvent((event) => {
    if (!runtime.isHidden()) cancelHiddenTimer();
    if (event === "hidden") {
      startHiddenTimer();
      onHide(true);
    } else if (event === "freeze" || event === "pagehide") onHide(false);
    else if (event !== "offline") onWake(0);
  });

  function start() {
    if (runtime.isHidden()) startHiddenTimer();
    if (onTick) scheduleTick();
  }
  start();

  function stop() {
    stopTick();
    cancelHiddenTimer();
  }

  return {
    start,
    stop,
    close() {
      unsubscribe();
      stop();
    },
  };
}
