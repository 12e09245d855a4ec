/**
 * Pseudo-random numbers that depend on their arguments alone, so that every demo repeats itself.
 *
 * @module
 */

/** Returns the number at an index of a series, in [-1, 1), by the mixing steps of Mulberry32. */
export function noise(seed: number, series: number, index: number): number {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(series, 0x85ebca6b) ^
    Math.imul(index, 0xc2b2ae35);
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 2_147_483_648 - 1;
}

/** Returns the number at an index of a series, in [0, 1). */
export function fraction(seed: number, series: number, index: number): number {
  return (noise(seed, series, index) + 1) / 2;
}
