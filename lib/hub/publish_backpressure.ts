/**
 * How much waits to be handed out, and who waits for that.
 *
 * Publishing is cheap beside handing out to thousands. Where it is not held back, an isolate that cannot keep up falls
 * behind its own windows, and all its clients would have to go as if they had been slow.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { EncodedEvent } from "../wire/sse.ts";
import type { WindowBounds } from "./window.ts";

/** Nobody waits longer than this for room, in milliseconds. */
const ROOM_MS = 1000;

/** Events of log topics that wait. State values do not count: an older one gives way. */
export interface Backlog {
  add(event: EncodedEvent): void;
  /** These were handed out. */
  take(events: readonly EncodedEvent[]): void;
  /** Nothing waits any more. */
  clear(): void;
  /** Settles when there is room for more, or soon; nothing is to be waited for where there is. */
  room(): void | Promise<void>;
}

/** Creates a backlog of nothing. There is room in it for half of what a window holds. */
export function createBacklog(clock: Clock, { maxEvents, maxBytes }: WindowBounds): Backlog {
  let count = 0;
  let bytes = 0;
  let waiting: Promise<void> | undefined;
  let letIn: (() => void) | undefined;

  function isWritable(): boolean {
    return count <= maxEvents / 2 && bytes <= maxBytes() / 2;
  }

  return {
    add(event) {
      count++;
      bytes += event.bytes.byteLength;
    },
    take(events) {
      const size = events.reduce((sum, event) => sum + event.bytes.byteLength, 0);
      count = Math.max(0, count - events.length); // some may come from the log, and never have waited
      bytes = Math.max(0, bytes - size);
      if (isWritable()) letIn?.();
    },
    clear() {
      count = bytes = 0;
      letIn?.();
    },
    room() {
      if (isWritable()) return;
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
  };
}
