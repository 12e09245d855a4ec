/**
 * The baseline of a change, for a source that states none: the last close of its market, or the price of a day ago if the
 * market never closes. It comes from the recorded bars of the same source, so it is never the first price that an isolate
 * sees.
 *
 * @module
 */
import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import type { Span } from "../market_hours.ts";
import type { Quote } from "../quote.ts";
import type { Bar } from "./bar.ts";

/** The longest time between the last bar of a session and its close, and between a bar and the time of a day ago, in ms. */
const MAX_BASELINE_GAP_MS = 30 * MINUTE_MS;

/** The price that a change is measured from. */
export interface Baseline {
  readonly price: string;
  readonly basis: Exclude<Quote["basis"], "none">;
}

/** Returns the close of the session before the latest one: wall time in ms. */
function previousClose(spanAt: (ms: number) => Span | null, span: Span): number | null {
  const session = span.isOpen ? span : spanAt(span.start - 1);
  if (session === null || !Number.isFinite(session.start)) return null;
  const before = spanAt(session.start - 1);
  // A trading day of currencies ends where the next one begins.
  return before?.isOpen ? session.start : before?.start ?? null;
}

/**
 * Finds the baseline of a price in the recorded bars.
 *
 * @param spanAt Returns the span of the market at a wall time in ms: null if it never closes.
 * @param now Wall time in ms.
 * @returns Null if no bar is near the time of the baseline.
 */
export function findBaseline(
  bars: readonly Bar[],
  spanAt: (ms: number) => Span | null,
  now: number,
): Baseline | null {
  const span = spanAt(now);
  const basis = span === null ? "rolling_24h" : "prev_close";
  const at = span === null ? now - DAY_MS : previousClose(spanAt, span);
  if (at === null) return null;
  const bar = bars.findLast(([startAt]) => startAt < at);
  if (bar === undefined || at - bar[0] > MAX_BASELINE_GAP_MS) return null;
  return { price: bar[4], basis };
}
