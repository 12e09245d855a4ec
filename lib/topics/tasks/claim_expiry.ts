/**
 * A timer for claims that lapse: of those who look, the one that is always there while workers follow.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { CLAIM_MS, type Kept, nextLookAt } from "./task.ts";

/** How long until it is looked again after a look that failed, in milliseconds. */
const AGAIN_MS = 5000;

/** Looks at all open tasks whenever time makes something of one. One start at a time. */
export interface Watch {
  /** Looks from now on. @returns What ends it. */
  start(): () => void;
  /** Something became of a task, or may have while we could not hear of it: there may be a new claim, which may lapse. */
  heard(): void;
}

/**
 * Creates a watch. While tasks are worked on it looks once in the time that a claim takes to lapse, since no claim that is made
 * meanwhile lapses sooner.
 *
 * @param open Looks at all that are open: what time has made of them is done by that.
 */
export function createWatch(
  { clock, log }: Pick<Runtime, "clock" | "log">,
  open: () => Promise<readonly Kept[]>,
): Watch {
  let isRunning = false;
  let turn = 0;
  let nextAt = Infinity;
  let callOff = () => {};

  function lookAt(at: number): void {
    if (!isRunning || at >= nextAt) return;
    callOff();
    nextAt = at;
    callOff = clock.after(at - clock.now(), () => void look());
  }

  async function look(): Promise<void> {
    const own = ++turn;
    nextAt = Infinity;
    let at = clock.now() + AGAIN_MS;
    try {
      at = Math.min(...(await open()).map((kept) => nextLookAt(kept) ?? Infinity));
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error("tasks not looked at", { error: messageOf(thrown) });
      }
    }
    if (own === turn && at < Infinity) lookAt(at);
  }

  return {
    start() {
      isRunning = true;
      lookAt(clock.now());
      return () => {
        isRunning = false;
        turn++;
        nextAt = Infinity;
        callOff();
      };
    },
    heard: () => lookAt(clock.now() + CLAIM_MS),
  };
}
