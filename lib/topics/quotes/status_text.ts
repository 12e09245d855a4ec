/**
 * Words for people.
 *
 * @module
 */
import type { Reading } from "./providers/provider.ts";

const DAY_S = 86_400;

function duration(seconds: number): string {
  return seconds < DAY_S ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / DAY_S)} d`;
}

/** By how much prices are delayed. */
export function delayWords(readings: readonly Pick<Reading, "is_delayed" | "delay_s">[]): string {
  const delays = readings.filter((each) => each.is_delayed).map((each) => each.delay_s)
    .filter((each) => each !== null);
  if (delays.length === 0) return "Prices are delayed";
  const [least, most] = [duration(Math.min(...delays)), duration(Math.max(...delays))];
  if (least === most) return `Prices are delayed by ${most}`;
  const [from] = least.split(" ");
  const [, unit] = most.split(" ");
  return `Prices are delayed by ${least.endsWith(` ${unit}`) ? from : least} to ${most}`;
}
