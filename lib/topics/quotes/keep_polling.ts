/**
 * When to poll, and when to say that nothing came.
 *
 * @module
 */
import type { World } from "../../core/world.ts";

/** How far a poll may come early or late, as a share of the interval: isolates shall not march in step. */
const JITTER = 0.2;

/** What is kept going. */
export interface Polled {
  readonly intervalMs: number;
  readonly ttlMs: number;
  /** When the last poll ended, in milliseconds since the epoch. */
  polledAt(): number;
  /** Polls, where the last poll is a TTL ago. Never rejects. */
  refresh(): Promise<void>;
  /** Tells what changed. Never rejects. */
  tell(): Promise<void>;
  /** When something becomes stale next, unless it is heard: null where nothing will. */
  nextStaleTime(): number | null;
}

/**
 * Polls at the interval, give or take 20 %, counted from the end of the last poll whoever asked for it.
 *
 * @returns A function that ends it. A poll that is under way ends by itself.
 */
export function keepPolling(
  { clock, random }: Pick<World, "clock" | "random">,
  { intervalMs, ttlMs, polledAt, refresh, tell, nextStaleTime }: Polled,
): () => void {
  let isRunning = true;
  let callOffPoll = () => {};
  let callOffTell = () => {};

  function pollAfter(ms: number): void {
    const at = polledAt() + Math.max(ttlMs, ms);
    callOffPoll = clock.after(Math.max(0, at - clock.now()), async () => {
      await refresh();
      if (!isRunning) return;
      tellOfSilence();
      pollAfter(intervalMs * (1 + JITTER * (2 * random() - 1)));
    });
  }

  function tellOfSilence(): void {
    callOffTell();
    const at = nextStaleTime();
    if (at === null) return;
    callOffTell = clock.after(at - clock.now(), async () => {
      await tell();
      if (isRunning) tellOfSilence();
    });
  }

  tellOfSilence();
  pollAfter(ttlMs);
  return () => {
    isRunning = false;
    callOffPoll();
    callOffTell();
  };
}
