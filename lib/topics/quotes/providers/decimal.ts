/**
 * Arithmetic on decimal strings, exact: no price ever passes through a binary number.
 *
 * @module
 */

const NUMBER = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** How many decimals a percentage keeps. */
const PERCENT_DECIMALS = 4;

/** A decimal as a whole number of units of 10^-scale. */
interface Scaled {
  readonly units: bigint;
  readonly scale: number;
}

function scaled(decimal: string): Scaled {
  const [whole = "", fraction = ""] = decimal.split(".");
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

/** The units of both at the finer scale of the two. */
function aligned(
  a: string,
  b: string,
): { readonly x: bigint; readonly y: bigint; readonly scale: number } {
  const [p, q] = [scaled(a), scaled(b)];
  const scale = Math.max(p.scale, q.scale);
  return {
    x: p.units * 10n ** BigInt(scale - p.scale),
    y: q.units * 10n ** BigInt(scale - q.scale),
    scale,
  };
}

function written(units: bigint, scale: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The nearest whole number, halves away from zero. */
function nearest(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n;
  const [n, d] = [dividend < 0n ? -dividend : dividend, divisor < 0n ? -divisor : divisor];
  const rounded = (2n * n + d) / (2n * d);
  return isNegative ? -rounded : rounded;
}

/**
 * A number as JSON may write it, in plain notation: the same value, no digit lost.
 *
 * @returns Null where it is no number, or one so long that nobody means it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plain("1.50e-7"), "0.000000150");
 * ```
 */
export function plain(number: string): string | null {
  const match = NUMBER.exec(number);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -scale));
  const text = written(units, Math.max(0, scale));
  return units === 0n ? text : sign + text;
}

/** Whether a decimal is above zero. */
export function isPositive(decimal: string): boolean {
  return scaled(decimal).units > 0n;
}

/** `a` less `b`, with as many decimals as the longer of them has. */
export function subtract(a: string, b: string): string {
  const { x, y, scale } = aligned(a, b);
  return written(x - y, scale);
}

/**
 * How many percent of `whole` a `part` is: rounded to 4 decimals, halves away from zero.
 *
 * @throws {RangeError} If `whole` is zero.
 */
export function percentOf(part: string, whole: string): number {
  const { x, y } = aligned(part, whole);
  return Number(written(nearest(x * 100n * 10n ** BigInt(PERCENT_DECIMALS), y), PERCENT_DECIMALS));
}

/**
 * Reads JSON with every number as the text that stood there, since `JSON.parse` alone would lose trailing zeros.
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
