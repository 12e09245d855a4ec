/**
 * Delays of millions of events, in a histogram of milliseconds.
 *
 * @module
 */
import { z } from "zod";

/** The quantiles of delays in milliseconds, and their number. */
export const DELAYS = z.object({
  count: z.number(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
});

/** The quantiles of delays. */
export type Delays = z.infer<typeof DELAYS>;

/** Counts delays. */
export interface DelayCounter {
  add(ms: number): void;
  /** Returns the quantiles so far. */
  quantiles(): Delays;
}

const MAX_DELAY_MS = 60_000;

/** Creates a counter. Delays above a minute count as a minute. */
export function createDelayCounter(): DelayCounter {
  const counts = new Uint32Array(MAX_DELAY_MS + 1);
  let count = 0;

  function quantile(share: number): number {
    let left = Math.ceil(count * share);
    for (let ms = 0; ms <= MAX_DELAY_MS; ms++) {
      left -= counts[ms] ?? 0;
      if (left <= 0) return ms;
    }
    return MAX_DELAY_MS;
  }

  return {
    add(ms) {
      const at = Math.min(Math.max(0, Math.round(ms)), MAX_DELAY_MS);
      counts[at] = (counts[at] ?? 0) + 1;
      count++;
    },
    quantiles: () => ({ count, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) }),
  };
}

/** Formats quantiles as a line. */
export function describeDelays({ count, p50, p99, max }: Delays): string {
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (${count} readings)`;
}
