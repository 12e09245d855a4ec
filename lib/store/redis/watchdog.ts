/**
 * Tells a silent subscription from a dead one.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";

/** How long nothing may be heard until somebody asks for a sign of life, in milliseconds. */
const SILENCE_MS = 30_000;

/** The longest that is waited besides, at random: who asks first asks for all. */
const JITTER_MS = 3000;

/** How long a sign of life may take, in milliseconds. */
const PING_TIMEOUT_MS = 5000;

/** What a watch does. */
export interface WatchOptions {
  /** Publishes a sign of life, which all that listen hear. */
  readonly ping: () => Promise<void>;
  /** Not even that was heard. */
  readonly onSilence: () => void;
}

/** A watch over one subscription. */
export interface Watchdog {
  /** Begins to watch. */
  start(): void;
  heard(): void;
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Creates a watch that does not run. */
export function createWatchdog(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  { ping: beat, onSilence }: WatchOptions,
): Watchdog {
  let heardAt = 0;
  let isSilent = false;
  let callOff = () => {};
  let beating: Promise<void> = Promise.resolve();

  function wait(ms: number): void {
    callOff = clock.after(ms, look);
  }

  /** One timer for many messages: it looks when the last was heard, and waits for the rest. */
  function look(): void {
    const rest = heardAt + SILENCE_MS - clock.now();
    if (rest > 0) return wait(rest + random() * JITTER_MS);
    isSilent = true;
    // Where it fails nothing will be heard, and that is what is looked at.
    beating = beat().catch(() => {});
    callOff = clock.after(PING_TIMEOUT_MS, () => {
      if (isSilent) onSilence();
      else look();
    });
  }

  return {
    start() {
      callOff();
      heardAt = clock.now();
      wait(SILENCE_MS + random() * JITTER_MS);
    },
    heard() {
      heardAt = clock.now();
      isSilent = false;
    },
    stop() {
      callOff();
      return beating;
    },
  };
}
