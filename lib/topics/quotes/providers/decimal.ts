/**
 * Exact arithmetic on decimal strings: no price ever passes through a binary number.
 *
 * @module
 */
// @ts-types="@types/big.js"
import Big from "big.js";

/** A JSON number of at most 40 digits on either side of the point and an exponent of at most two digits. */
const JSON_NUMBER = /^-?\d{1,40}(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** The decimals of a percentage. */
const PERCENT_DECIMALS = 4;

/** Creates a constructor of its own, so that no one else's settings apply. It rounds quotients, halves away from zero. */
function percentConstructor() {
  const constructor = Big();
  constructor.DP = PERCENT_DECIMALS;
  constructor.RM = Big.roundHalfUp;
  return constructor;
}

const Percent = percentConstructor();

function decimalsOf(decimal: string): number {
  return decimal.split(".")[1]?.length ?? 0;
}

/** Writes a value in plain notation. Zero has no sign. */
function written(value: Big, decimals: number): string {
  return (value.eq(0) ? value.abs() : value).toFixed(decimals);
}

/**
 * Converts a JSON number to plain notation: the same value, no digit lost.
 *
 * @returns Null if the text is no number, or is too long for a price.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plain("1.50e-7"), "0.000000150");
 * ```
 */
export function plain(number: string): string | null {
  const match = JSON_NUMBER.exec(number);
  if (match === null) return null;
  const [, fraction = "", exponent = "0"] = match;
  return written(new Big(number), Math.max(0, fraction.length - Number(exponent)));
}

/** Tells a decimal above zero from others. */
export function isPositive(decimal: string): boolean {
  return new Big(decimal).gt(0);
}

/** Returns `a` less `b`, with as many decimals as the longer of them has. */
export function subtract(a: string, b: string): string {
  return written(new Big(a).minus(b), Math.max(decimalsOf(a), decimalsOf(b)));
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
 * Parses JSON with every number as the text that was sent, since `JSON.parse` alone would lose trailing zeros.
 *
 * @throws {SyntaxError} If the text is no JSON.
 */
export function parseKeepingDigits(text: string): unknown {
  return JSON.parse(
    text,
    (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? context?.source ?? value : value,
  );
}
