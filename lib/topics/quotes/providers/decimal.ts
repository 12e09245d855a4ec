/**
 * Exact arithmetic on decimal strings: no price ever passes through a binary number.
 *
 * @module
 */
// @ts-types="@types/big.js"
import Big from "big.js";

/** A JSON number with at most 40 digits on either side of the point, and an exponent of at most two digits. */
const JSON_NUMBER = /^-?\d{1,40}(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** The decimals of a percentage. */
const PERCENT_DECIMALS = 4;

/** The significant digits of a derived decimal: more than any price needs. */
const SIGNIFICANT_DIGITS = 12;

/** Creates a constructor with separate settings. It rounds quotients, halves away from zero. */
function createPercentConstructor() {
  const constructor = Big();
  constructor.DP = PERCENT_DECIMALS;
  constructor.RM = Big.roundHalfUp;
  return constructor;
}

const Percent = createPercentConstructor();

function decimalsOf(decimal: string): number {
  return decimal.split(".")[1]?.length ?? 0;
}

/** Formats a value in plain notation. Zero has no sign. */
function formatPlain(value: Big, decimals: number): string {
  return (value.eq(0) ? value.abs() : value).toFixed(decimals);
}

/**
 * Converts a JSON number to plain notation, without loss of a digit.
 *
 * @returns Null if the text is not a JSON number, or has more digits than any price.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(toPlain("1.50e-7"), "0.000000150");
 * ```
 */
export function toPlain(number: string): string | null {
  const match = JSON_NUMBER.exec(number);
  if (match === null) return null;
  const [, fraction = "", exponent = "0"] = match;
  return formatPlain(new Big(number), Math.max(0, fraction.length - Number(exponent)));
}

/** Tests if a decimal is above zero. */
export function isPositive(decimal: string): boolean {
  return new Big(decimal).gt(0);
}

/** Tests if a decimal is zero, in any notation. */
export function isZero(decimal: string): boolean {
  return new Big(decimal).eq(0);
}

/** Compares two decimals: below zero if `a` is less than `b`, zero if they are equal, else above zero. */
export function compare(a: string, b: string): number {
  return new Big(a).cmp(b);
}

/** Rounds a decimal, halves away from zero. */
export function round(decimal: string, decimals: number): string {
  return formatPlain(new Big(decimal), decimals);
}

/** Returns `a` plus `b`, with as many decimals as the operand that has more. */
export function add(a: string, b: string): string {
  return formatPlain(new Big(a).plus(b), Math.max(decimalsOf(a), decimalsOf(b)));
}

/** Returns `a` minus `b`, with as many decimals as the operand that has more. */
export function subtract(a: string, b: string): string {
  return formatPlain(new Big(a).minus(b), Math.max(decimalsOf(a), decimalsOf(b)));
}

/** Returns the exact middle of two decimals, with one decimal more than the operand that has more. */
export function midpoint(a: string, b: string): string {
  const decimals = Math.max(decimalsOf(a), decimalsOf(b)) + 1;
  return formatPlain(new Big(a).plus(b).times("0.5"), decimals);
}

/**
 * Returns `part` in percent of `whole`, rounded to 4 decimals, halves away from zero.
 *
 * @throws {RangeError} If `whole` is zero.
 */
export function percentOf(part: string, whole: string): number {
  if (new Big(whole).eq(0)) throw new RangeError("Cannot take a percentage of zero");
  return Number(new Percent(part).times(100).div(whole).toFixed());
}

/**
 * Returns the distance of two decimals in percent of the one nearer to zero, rounded to 4 decimals: Infinity if only one of
 * them is zero.
 */
export function distancePct(a: string, b: string): number {
  const distance = new Big(a).minus(b).abs();
  if (distance.eq(0)) return 0;
  const [nearer] = [new Big(a).abs(), new Big(b).abs()].toSorted((x, y) => x.cmp(y));
  if (nearer === undefined || nearer.eq(0)) return Infinity;
  return Number(new Percent(distance).times(100).div(nearer).toFixed());
}

/**
 * Returns the decimal that has changed by `percent` to become `decimal`, rounded to 12 significant digits.
 *
 * @returns Null if nothing can: the change is -100 % or less.
 */
export function beforePercent(decimal: string, percent: string): string | null {
  const whole = new Big(100).plus(percent);
  return whole.gt(0)
    ? new Big(decimal).times(100).div(whole).prec(SIGNIFICANT_DIGITS).toFixed()
    : null;
}

/**
 * Parses JSON, with every number as a string of the digits that were sent. `JSON.parse` alone would lose trailing zeros.
 *
 * @throws {SyntaxError} If the text is not JSON.
 */
export function parseKeepingDigits(json: string): unknown {
  return JSON.parse(
    json,
    (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? context?.source ?? value : value,
  );
}
