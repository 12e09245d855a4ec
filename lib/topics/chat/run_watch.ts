/**
 * Watches of runs that other isolates produce, while they have readers on this isolate.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Store } from "../../store/store.ts";

/** The delay of a check that failed, in milliseconds. */
const CHECK_RETRY_MS = 5000;

/** The longest random delay of a check. It spreads the claims of the isolates that wait for one lease. */
const MAX_CHECK_JITTER_MS = 500;

/** The dependencies of a watch. */
export interface RunWatchContext {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly store: Pick<Store, "set">;
  /** The time after which a run without readers is stopped, in milliseconds. */
  readonly orphanMs: number;
  /** Ends the run if its producer is dead. Resolves to the delay of the next check, null once the run has ended. */
  check(): Promise<number | null>;
}

/** Returns the key that exists while another isolate than the producer has readers of a run. */
export function runReadersKey(id: string): string {
  return `run-readers:${id}`;
}

/**
 * Starts a watch: it tells the producer that the run has readers here, and ends the run if the producer dies.
 *
 * @returns A function that ends the watch.
 */
export function watchRun(
  { runtime: { clock, random, log }, store, orphanMs, check }: RunWatchContext,
  id: string,
): () => void {
  let isWatching = true;
  const cancels = new Set<() => void>();

  /** Runs a task, and again after the delay that it returns. Null ends the watch. */
  async function repeat(task: () => Promise<number | null>): Promise<void> {
    let delayMs: number | null = CHECK_RETRY_MS;
    try {
      delayMs = await task();
    } catch (thrown) {
      log.debug("a run was not checked", { run: id, reason: messageOf(thrown) });
    }
    if (delayMs === null) return stop();
    if (!isWatching) return;
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel);
      void repeat(task);
    });
    cancels.add(cancel);
  }

  function stop(): void {
    isWatching = false;
    for (const cancel of cancels) cancel();
  }

  void repeat(async () => {
    const nextMs = await check();
    return nextMs === null ? null : nextMs + random() * MAX_CHECK_JITTER_MS;
  });
  void repeat(async () => {
    await store.set(runReadersKey(id), "1", orphanMs);
    return orphanMs / 2;
  });
  return stop;
}
