/**
 * Figures for people: medians, ratios, and tables of them.
 *
 * @module
 */
import { print } from "../support/print.ts";

/** The middle one; NaN of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Each value of `over` by the one of `under` that was taken beside it. */
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

/** A number as people write it: `1,234`, `12.3`, `0.98`. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A share in per cent. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : "–";
}

/** The promise for a figure. */
export interface Target {
  readonly what: string;
  readonly bound: number;
  readonly isLeast: boolean;
}

/** Returns a promise and its figure: the median of the rounds, with the least and the most. NaN does not count. */
export function verdict({ what, bound, isLeast }: Target, all: readonly number[]): string[] {
  const promised = `${isLeast ? "at least" : "at most"} ${bound}`;
  if (all.length === 0) return [what, promised, "missing", "–"];
  const rounds = all.filter(Number.isFinite);
  if (rounds.length === 0) return [what, promised, "no round counts", "–"];
  const value = median(rounds);
  const isMet = isLeast ? value >= bound : value <= bound;
  const of = rounds.length === all.length ? "" : `, ${rounds.length} of ${all.length} rounds`;
  const spread = rounds.length === 1
    ? of
    : ` (${show(Math.min(...rounds))} to ${show(Math.max(...rounds))}${of})`;
  return [what, promised, show(value) + spread, isMet ? "yes" : "no"];
}

/** Prints promises and their figures. */
export function printVerdicts(rows: readonly (readonly string[])[]): void {
  printHead("Promises", ["figure", "promised", "median (least to most)", "met"]);
  rows.forEach(printRow);
}
