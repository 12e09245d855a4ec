/**
 * Topics that are followed for a while though no stream follows them: somebody polls.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Topic } from "../core/topic.ts";
import type { Holding } from "./windows.ts";

/** What is held. */
export interface Holds {
  /** Follows a topic for `ms` milliseconds from now on, whatever was said before. */
  hold(topic: Topic, ms: number): void;
  /** Lets go of all. */
  end(): void;
}

interface Held {
  release(): void;
  callOff(): void;
}

/** Creates holds: none yet. @param open Opens a topic's window. Never rejects. */
export function createHolds(
  clock: Clock,
  open: (topic: Topic) => Promise<Holding | void>,
): Holds {
  const all = new Map<string, Held>();
  return {
    hold(topic, ms) {
      const known = all.get(topic.name);
      known?.callOff();
      const opening = known ? undefined : open(topic);
      const release = known?.release ?? (() => {
        all.delete(topic.name);
        opening?.then((holding) => holding?.release());
      });
      all.set(topic.name, { release, callOff: clock.after(ms, release) });
    },
    end() {
      for (const { callOff, release } of [...all.values()]) {
        callOff();
        release();
      }
    },
  };
}
