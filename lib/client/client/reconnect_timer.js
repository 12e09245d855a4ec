// @ts-check
/**
 * What is tried next: one thing at a time.
 *
 * @module
 */

/**
 * @param {import("./types.js").World} world
 * @param {(rung?: number) => void} dial
 */
export function createPlan(world, dial) {
  let callOff = () => {};
  const plan = {
    /** Whether what is planned takes over from the current line in a moment. */
    isSoon: false,
    /** Nothing. */
    off() {
      callOff();
      plan.isSoon = false;
    },
    /** Dials after so many ms, on the rung that it stands on then if none is named. @param {number} ms @param {number} [rung] */
    wait(ms, rung) {
      plan.off();
      callOff = world.after(ms, () => dial(rung));
    },
  };
  return plan;
}
