/**
 * When silence means that a quote is stale.
 *
 * @module
 */

/** When what was last heard at `heardAt` becomes stale: after twice the interval, in milliseconds since the epoch. */
export function staleTime(heardAt: number, intervalMs: number): number {
  return heardAt + 2 * intervalMs;
}
