// @ts-check
/**
 * Watches the clock and the page: what slept, was hidden or lost its network comes back.
 *
 * @module
 */

const TICK_MS = 1000;
/** A tick that comes so long after the last one was slept through. */
const SLEPT_MS = 11_000;
/** Pages that are hidden for so long let go. */
const HIDDEN_MS = 300_000;

/**
 * @param {import("./types.js").World} world
 * @param {object} told
 * @param {() => void} [told.onTick] Every second from `start` to `rest`, but for those slept through.
 * @param {(sleptMs: number) => unknown} told.onWake The page may want its stream; what its clock missed in sleep.
 * @param {(mayStream: boolean) => unknown} told.onAway The page is hidden, which leaves it a stream for a while, or let go of.
 */
export function createWatch(world, { onTick, onWake, onAway }) {
  let stopTick = () => {};
  let tickedAt = 0;
  /** The wall's clock before the other, which stands still in sleep. */
  let driftMs = 0;
  /** @type {(() => void) | undefined} */
  let stopHiding;

  function tickLater() {
    tickedAt = world.wallClock();
    driftMs = tickedAt - world.now();
    stopTick();
    stopTick = world.after(TICK_MS, tick);
  }

  function tick() {
    const wall = world.wallClock();
    const sleptMs = wall - world.now() - driftMs;
    const isLate = wall - tickedAt > SLEPT_MS;
    tickLater();
    if (isLate) onWake(sleptMs);
    else onTick?.();
  }

  function hide() {
    stopHiding ??= world.after(HIDDEN_MS, () => {
      show();
      onAway(false);
    });
  }

  function show() {
    stopHiding?.();
    stopHiding = undefined;
  }

  const stopWaking = world.onWake((why) => {
    if (!world.isHidden()) show();
    if (why === "hidden") {
      hide();
      onAway(true);
    } else if (why === "freeze" || why === "pagehide") onAway(false);
    else if (why !== "offline") onWake(0);
  });

  function start() {
    if (world.isHidden()) hide();
    if (onTick) tickLater();
  }
  start();

  function rest() {
    stopTick();
    show();
  }

  return {
    start,
    rest,
    close() {
      stopWaking();
      rest();
    },
  };
}
