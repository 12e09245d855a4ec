/**
 * How much waits to be handed out, and who waits for that.
 *
 * Publishing is cheap beside handing out to thousands. Where it is not held back, an isolate that cannot keep up falls
 * behind its own windows, and all its clients would have to go as if they had been slow.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";

/** Nobody waits longer than this for room, in milliseconds. */
const ROOM_MS = 1000;

/** Events that wait. */
export interface Backlog {
  /** How many. */
  count: number;
  /** Settles when there is room for more, or soon; nothing is to be waited for where there is. */
  room(): void | Promise<void>;
  /** Lets those in who wait, where there is room. */
  settle(): void;
}

/** Creates a backlog of nothing. @param most With more waiting events than this there is no room. */
export function createBacklog(clock: Clock, most: number): Backlog {
  let waiting: Promise<void> | undefined;
  let letIn: (() => void) | undefined;

  const backlog: Backlog = {
    count: 0,
    room() {
      if (backlog.count <= most) return;
      waiting ??= new Promise((resolve) => {
        const callOff = clock.after(ROOM_MS, () => letIn?.());
        letIn = () => {
          callOff();
          waiting = letIn = undefined;
          resolve();
        };
      });
      return waiting;
    },
    settle() {
      if (backlog.count <= most) letIn?.();
    },
  };
  return backlog;
}
