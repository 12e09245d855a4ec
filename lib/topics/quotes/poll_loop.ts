/**
 * When to poll, and when to say that nothing came.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";

/** How far a poll may come early or late, as a share of the interval: isolates shall not march in step. */
const JITTER = 0.2;

/** What is kept going. */
export interface Polled {
  /** How often, as things are. */
  intervalMs(): number;
  readonly ttlMs: number;
  /** When closed markets open next: a poll that would come later comes then. Null where one is open. */
  opensAt(): number | null;
  /** When the last poll ended, in milliseconds since the epoch. */
  polledAt(): number;
  /** Polls, where the last poll is a TTL ago. Never rejects. */
  refresh(): Promise<void>;
  /** Tells what changed. Never rejects. */
  tell(): Promise<void>;
  /** When something will stand otherwise next, unless it is heard: null where nothing will. */
  nextChangeTime(): number | null;
}

/** What goes on. */
export interface Polling {
  /** Ends it. A poll that is under way ends by itself. */
  stop(): void;
  /** Something was heard outside of a poll: what changes next may be another thing. */
  heard(): void;
}

/** Polls at the interval, give or take 20 %, counted from the end of the last poll whoever asked for it. */
export function keepPolling(
  { clock, random }: Pick<Runtime, "clock" | "random">,
  { intervalMs, ttlMs, opensAt, polledAt, refresh, tell, nextChangeTime }: Polled,
): Polling {
  let isRunning = true;
  let callOffPoll = () => {};
  let callOffTell = () => {};

  function pollAfter(ms: number): void {
    const at = polledAt() + Math.max(ttlMs, Math.min(ms, (opensAt() ?? Infinity) - polledAt()));
    callOffPoll = clock.after(Math.max(0, at - clock.now()), async () => {
      await refresh();
      if (!isRunning) return;
      tellOfChange();
      pollAfter(intervalMs() * (1 + JITTER * (2 * random() - 1)));
    });
  }

  function tellOfChange(): void {
    callOffTell();
    const at = nextChangeTime();
    if (at === null) return;
    callOffTell = clock.after(Math.max(0, at - clock.now()), async () => {
      await tell();
      if (isRunning) tellOfChange();
    });
  }

  tellOfChange();
  pollAfter(ttlMs);
  return {
    stop() {
      isRunning = false;
      callOffPoll();
      callOffTell();
    },
    heard() {
      if (isRunning) tellOfChange();
    },
  };
}
