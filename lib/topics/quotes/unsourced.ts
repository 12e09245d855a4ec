/**
 * Symbols nobody gives, with the settings there are: a row that stays empty says so.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import type { Judge } from "./poller.ts";
import { isoTime } from "./providers/provider.ts";

/** Creates who speaks for symbols that have no provider. What the log still holds of them is stale. */
export function createUnsourced(clock: Clock, symbols: readonly string[]): Judge {
  const since = isoTime(clock.now());
  return {
    judge: (quote) => symbols.includes(quote.symbol) ? { ...quote, is_stale: true } : quote,
    judgeStatus: (status) => status,
    awaited: () => [{
      provider: "none",
      symbols: [...symbols],
      state: "down",
      since,
      reason: "no source configured",
      breaker: "closed",
      next_try_at: null,
    }],
  };
}
