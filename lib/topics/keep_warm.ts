/**
 * A GET is watching: it keeps polls going for a while, and waits a moment for what they bring.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** A GET waits this long for what is newer, in milliseconds, and answers with what there is. */
const WATCH_MS = 800;

/** A GET counts as watching for this many polls. */
export const POLLS_WATCHED = 3;

/** Waits for what a GET would like to tell, as long as a GET may. */
export async function waitAWhile(clock: Clock, what: Promise<void>): Promise<void> {
  let callOff = () => {};
  const timeout = new Promise<void>((resolve) => {
    callOff = clock.after(WATCH_MS, resolve);
  });
  await Promise.race([what, timeout]);
  callOff();
}
