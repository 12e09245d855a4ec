/**
 * Figures for people: medians, ratios, and tables of them.
 *
 * @module
 */
import { print } from "../support/print.ts";

/** Returns the median: the upper of the two in the middle if the count is even, NaN if there are no values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Divides each value of `over` by that of `under` of the same round. */
export function ratiosOf(over: readonly number[], under: readonly number[]): number[] {
  return over.map((value, round) => value / (under[round] ?? NaN));
}

/** Prints the head of a table. */
export function printHead(title: string, columns: readonly string[]): void {
  print(`\n${title}\n`);
  printRow(columns);
  printRow(columns.map(() => "---"));
}

/** Prints a row of a table. */
export function printRow(cells: readonly string[]): void {
  print(`| ${cells.join(" | ")} |`);
}

/** Formats a number with fewer decimals the larger it is: `1,234`, `12.3`, `0.98`. NaN and infinity are a dash. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Formats a share in per cent. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : "–";
}

/** The promise for a figure. */
export interface Target {
  /** The figure's name. */
  readonly what: string;
  readonly bound: number;
  /** True if the bound is a minimum, false if it is a maximum. */
  readonly isLeast: boolean;
}

/** Returns a row with a promise and its figure: the median of the rounds, the least and the most. NaN does not count. */
export function verdict({ what, bound, isLeast }: Target, rounds: readonly number[]): string[] {
  const promised = `${isLeast ? "at least" : "at most"} ${bound}`;
  if (rounds.length === 0) return [what, promised, "missing", "–"];
  const counted = rounds.filter(Number.isFinite);
  if (counted.length === 0) return [what, promised, "no round counts", "–"];
  const value = median(counted);
  const isMet = isLeast ? value >= bound : value <= bound;
  const share = counted.length === rounds.length
    ? ""
    : `, ${counted.length} of ${rounds.length} rounds`;
  const spread = counted.length === 1
    ? share
    : ` (${show(Math.min(...counted))} to ${show(Math.max(...counted))}${share})`;
  return [what, promised, show(value) + spread, isMet ? "yes" : "no"];
}

/** Prints promises and their figures. */
export function printVerdicts(rows: readonly (readonly string[])[]): void {
  printHead("Promises", ["figure", "promised", "median (least to most)", "met"]);
  rows.forEach(printRow);
}
