/**
 * Expiry timers: they apply time to records whose topics have subscribers, without a request.
 *
 * @module
 */
import { messageOf } from "../core/logger.ts";
import type { Runtime } from "../core/runtime.ts";
import { StoreUnavailable } from "../store/errors.ts";

/** The delay after a check that failed, in milliseconds. */
const EXPIRY_RETRY_MS = 5000;

/** Checks records whenever time changes one of them. */
export interface ExpiryTimer {
  /** Checks at once, and from then on when due. @returns A function that stops: call it before the next start. */
  start(): () => void;
  /** Makes the next check due within `ms` milliseconds. Has no effect while the timer is stopped. */
  checkWithin(ms: number): void;
}

/**
 * Creates a timer that is stopped.
 *
 * @param noun The records' noun, for the log.
 * @param check Applies time to the records. Returns the wall time of the next change, null if there is none.
 */
export function createExpiryTimer(
  { clock, log }: Pick<Runtime, "clock" | "log">,
  noun: string,
  check: () => Promise<number | null>,
): ExpiryTimer {
  let isRunning = false;
  /** The number of the latest check: the result of an earlier one is outdated. */
  let latest = 0;
  let dueAt = Infinity;
  let cancel = () => {};

  function checkWithin(ms: number): void {
    const at = clock.elapsed() + ms;
    if (!isRunning || at >= dueAt) return;
    cancel();
    dueAt = at;
    cancel = clock.after(ms, () => void run());
  }

  async function run(): Promise<void> {
    const own = ++latest;
    dueAt = Infinity;
    let delayMs: number | null = EXPIRY_RETRY_MS;
    try {
      const nextAt = await check();
      delayMs = nextAt === null ? null : nextAt - clock.now();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error(`${noun} not checked for expiry`, { error: messageOf(thrown) });
      }
    }
    if (own === latest && delayMs !== null) checkWithin(delayMs);
  }

  return {
    start() {
      isRunning = true;
      checkWithin(0);
      return () => {
        isRunning = false;
        latest++;
        dueAt = Infinity;
        cancel();
      };
    },
    checkWithin,
  };
}
