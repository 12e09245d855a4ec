/**
 * Random walks as functions of time: one time has one value, and the past does not change.
 *
 * @module
 */

/** Returns the value at a time, in milliseconds. */
export type Walk = (ms: number) => number;

/** The shape of a walk. */
export interface WalkOptions {
  /** The seed. Every walk has its own. */
  readonly seed: number;
  /** The mean. */
  readonly middle: number;
  /** The typical deviation within a day, as a share of the mean. */
  readonly swing: number;
}

/** The period of the slowest wave. Each further one is twice as fast, down to about a second. */
const SLOWEST_MS = 4 * 86_400_000;
const WAVES = 19;

/** Returns a pseudo-random number in [-1, 1), by the mixing steps of Mulberry32. */
export function noise(seed: number, wave: number, n: number): number {
  let t = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(wave, 0x85ebca6b) ^ Math.imul(n, 0xc2b2ae35)) >>>
    0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2_147_483_648 - 1;
}

/** Returns the height of one wave, which is linear between two points of noise. */
function height(seed: number, wave: number, ms: number): number {
  const at = ms / (SLOWEST_MS / 2 ** wave);
  const n = Math.floor(at);
  const [from, to] = [noise(seed, wave, n), noise(seed, wave, n + 1)];
  return from + (to - from) * (at - n);
}

/**
 * Creates a walk. Waves of half the period are 1/√2 as high, so their sum resembles a market.
 *
 * @example The same time, the same number
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [createWalk({ seed: 1, middle: 100, swing: 0.05 }), createWalk({ seed: 1, middle: 100, swing: 0.05 })];
 * assertEquals(a(1_700_000_000_000), b(1_700_000_000_000));
 * ```
 */
export function createWalk({ seed, middle, swing }: WalkOptions): Walk {
  return (ms) => {
    let sum = 0;
    for (let wave = 0; wave < WAVES; wave++) sum += height(seed, wave, ms) / 2 ** (wave / 2);
    return middle * (1 + swing * sum / 2);
  };
}
