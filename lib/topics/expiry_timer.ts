/**
 * Expiry timers: they apply time to records when a change is due, so that an expiry is published without a request.
 *
 * @module
 */
import { messageOf } from "../core/logger.ts";
import type { Runtime } from "../core/runtime.ts";
import { StoreUnavailable } from "../store/errors.ts";

/** The delay after a failed check. */
const EXPIRY_RETRY_MS = 5000;

/** Checks records when time changes one of them. Its start and stop follow the subscribers of a topic. */
export interface ExpiryTimer {
  /**
   * Starts with a check, which is followed by others when they are due.
   *
   * @returns A function that stops the timer. It must be called before the next start. Further calls have no effect.
   */
  start(): () => void;
  /** Makes the next check due within `ms` milliseconds. Has no effect while the timer is stopped. */
  checkWithin(ms: number): void;
}

/**
 * Creates a timer that is stopped.
 *
 * @param noun The noun of the records, for the log.
 * @param check Applies time to the records. Returns the wall time of the next change, or null if there is none.
 */
export function createExpiryTimer(
  { clock, log }: Pick<Runtime, "clock" | "log">,
  noun: string,
  check: () => Promise<number | null>,
): ExpiryTimer {
  let isRunning = false;
  /** The number of the latest check. The result of an earlier one is outdated. */
  let latestCheck = 0;
  /** Monotonic time of the next check. */
  let dueAt = Infinity;
  let cancel = () => {};

  function checkWithin(ms: number): void {
    const checkAt = clock.elapsed() + ms;
    if (!isRunning || checkAt >= dueAt) return;
    cancel();
    dueAt = checkAt;
    cancel = clock.after(ms, () => void run());
  }

  async function run(): Promise<void> {
    const checkNumber = ++latestCheck;
    dueAt = Infinity;
    let delayMs: number | null = EXPIRY_RETRY_MS;
    try {
      const changeAt = await check();
      delayMs = changeAt === null ? null : changeAt - clock.now();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error(`${noun} not checked for expiry`, { error: messageOf(thrown) });
      }
    }
    if (checkNumber === latestCheck && delayMs !== null) checkWithin(delayMs);
  }

  return {
    start() {
      isRunning = true;
      checkWithin(0);
      return () => {
        isRunning = false;
        latestCheck++;
        dueAt = Infinity;
        cancel();
      };
    },
    checkWithin,
  };
}
