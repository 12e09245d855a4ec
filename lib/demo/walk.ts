/**
 * Random walks as functions of time: a time has one value, and the past does not change.
 *
 * @module
 */
import { DAY_MS } from "../core/time.ts";
import { noise } from "./noise.ts";

/** Returns the value at a wall time in ms. */
export type Walk = (ms: number) => number;

/** The shape of a walk. */
export interface WalkOptions {
  /** Walks of one seed have the same course. */
  readonly seed: number;
  readonly mean: number;
  /** The typical deviation within a day, as a share of the mean. */
  readonly swing: number;
}

/** The period of the slowest wave. */
const SLOWEST_MS = 4 * DAY_MS;

/** The number of waves. Each one is twice as fast as the one before, so the fastest has a period of about a second. */
const WAVES = 19;

/** Returns the height of a wave at a time. It is linear between two points of noise. */
function heightOf(seed: number, wave: number, ms: number): number {
  const position = ms / (SLOWEST_MS / 2 ** wave);
  const index = Math.floor(position);
  const [from, to] = [noise(seed, wave, index), noise(seed, wave, index + 1)];
  return from + (to - from) * (position - index);
}

/**
 * Creates a walk. A wave of half the period is 1/√2 as high, so that the sum of all waves resembles a market.
 *
 * @example The same time, the same number
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [createWalk({ seed: 1, mean: 100, swing: 0.05 }), createWalk({ seed: 1, mean: 100, swing: 0.05 })];
 * assertEquals(a(1_700_000_000_000), b(1_700_000_000_000));
 * ```
 */
export function createWalk({ seed, mean, swing }: WalkOptions): Walk {
  return (ms) => {
    let height = 0;
    for (let wave = 0; wave < WAVES; wave++) height += heightOf(seed, wave, ms) / 2 ** (wave / 2);
    return mean * (1 + swing * height / 2);
  };
}
