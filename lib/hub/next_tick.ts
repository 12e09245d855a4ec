/**
 * Turns of the event loop.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** Creates what resolves on a turn of the event loop of its own, the same for all who ask in one turn. */
export function createTurns(clock: Clock): () => Promise<void> {
  let turn: Promise<void> | null = null;
  return () => {
    turn ??= new Promise((resolve) => {
      clock.after(0, () => {
        turn = null;
        resolve();
      });
    });
    return turn;
  };
}
