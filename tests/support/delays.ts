/**
 * Delays of millions of events, counted by the millisecond.
 *
 * @module
 */
import { z } from "zod";

/** Delays, summed up. */
export const DELAYS = z.object({
  count: z.number(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
});

/** Delays, summed up. */
export type Delays = z.infer<typeof DELAYS>;

/** Counts delays. */
export interface DelayCounter {
  add(ms: number): void;
  sum(): Delays;
}

const LONGEST_MS = 60_000;

/** Creates a counter. Above a minute all delays are the same. */
export function createDelayCounter(): DelayCounter {
  const counts = new Uint32Array(LONGEST_MS + 1);
  let count = 0;

  function quantile(share: number): number {
    let left = Math.ceil(count * share);
    for (let ms = 0; ms <= LONGEST_MS; ms++) {
      left -= counts[ms] ?? 0;
      if (left <= 0) return ms;
    }
    return LONGEST_MS;
  }

  return {
    add(ms) {
      const at = Math.min(Math.max(0, Math.round(ms)), LONGEST_MS);
      counts[at] = (counts[at] ?? 0) + 1;
      count++;
    },
    sum: () => ({ count, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) }),
  };
}

/** Delays as a line for people. */
export function describeDelays({ count, p50, p99, max }: Delays): string {
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (${count} readings)`;
}
