/**
 * Repeatable randomness.
 *
 * @module
 */
import { print } from "./print.ts";

/** A source of random numbers: the same seed gives the same numbers. */
export interface Seeded {
  readonly seed: number;
  /** Returns a whole number from 0 to `end` - 1. */
  below(end: number): number;
  /** Returns true with the probability `share`. */
  chance(share: number): boolean;
}

/** Creates a source, and prints its seed. `E2E_SEED=<the number>` in the environment repeats a run. */
export function createSeeded(name: string): Seeded {
  const seed = Number(Deno.env.get("E2E_SEED") ?? randomSeed());
  print(`${name}: E2E_SEED=${seed}`);
  return seededBy(seed);
}

/** Returns a random seed. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
}

/** Creates a source from a seed. */
export function seededBy(seed: number): Seeded {
  let state = seed >>> 0;

  /** Mulberry32. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  return {
    seed,
    below: (end) => Math.floor(next() * end),
    chance: (share) => next() < share,
  };
}
