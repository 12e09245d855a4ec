/**
 * The number of runs of property tests.
 *
 * @module
 */

/**
 * Scales a property test's number of runs by the environment variable `PROPERTY_RUNS`, a multiplier that is 1 by default.
 * Choose `base` so that the test takes a few seconds: `PROPERTY_RUNS=20 deno test …` then searches twenty times as far.
 *
 * @returns At least 1.
 */
export function propertyRuns(base: number): number {
  const multiplier = Number(Deno.env.get("PROPERTY_RUNS") ?? 1);
  if (!(multiplier > 0)) throw new RangeError("PROPERTY_RUNS must be a number above 0");
  return Math.max(1, Math.round(base * multiplier));
}
