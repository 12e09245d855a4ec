/**
 * The change of a price from its baseline. This is the only place that measures it, for every source.
 *
 * @module
 */
import type { Baseline } from "./history/baseline.ts";
import { distancePct, isPositive, isZero, percentOf, subtract } from "./providers/decimal.ts";
import type { Quote } from "./quote.ts";

/** The classes whose prices may be zero or below: in April 2020 a barrel of crude cost -37.63 dollars. */
const SIGNED_CLASSES: ReadonlySet<Quote["class"]> = new Set(["oil", "energy", "rates", "other"]);

/** Tests if a class allows the sign of a price. */
export function isPossiblePrice(marketClass: Quote["class"], price: string): boolean {
  return isPositive(price) || SIGNED_CLASSES.has(marketClass);
}

/**
 * The longest distance of a price from its baseline that is plausible, in percent of the smaller one. Beyond it, a slip of
 * the source is likelier than the move. A share or a coin may double in a day, and a rate may be near zero.
 */
const MAX_CHANGE_PCT: Readonly<Record<Quote["class"], number>> = {
  crypto: 100,
  metals: 50,
  oil: 50,
  energy: 100,
  indices: 50,
  equities: 200,
  fx: 50,
  rates: 500,
  other: 200,
};

/** Tests if another price of the same day is plausible. Near zero and below it, distances in percent tell nothing. */
export function isPlausible(marketClass: Quote["class"], price: string, other: string): boolean {
  if (!isPossiblePrice(marketClass, other)) return false;
  return !isPositive(price) || !isPositive(other) ||
    distancePct(price, other) <= MAX_CHANGE_PCT[marketClass];
}

/** The fields of a quote without a baseline. */
const NO_CHANGE = { change: null, change_pct: null, basis: "none", prev_close: null } as const;

/** The change of a price. */
export interface MeasuredChange
  extends Pick<Quote, "change" | "change_pct" | "basis" | "prev_close"> {
  /** The implausible baseline, for which there is no change: null if there is none. */
  readonly refused: string | null;
}

/**
 * Measures a change. A baseline of zero stands for an unknown one. There is no percentage of a price that is not above
 * zero, nor one from it.
 */
export function measureChange(
  marketClass: Quote["class"],
  price: string,
  baseline: Baseline | null,
): MeasuredChange {
  if (baseline === null || isZero(baseline.price)) return { ...NO_CHANGE, refused: null };
  const { price: from, basis } = baseline;
  if (!isPlausible(marketClass, price, from)) return { ...NO_CHANGE, refused: from };
  // A source may send the baseline with zeros that say nothing: 98061.76000000.
  const change = subtract(
    price,
    from.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""),
  );
  const change_pct = isPositive(price) && isPositive(from) ? percentOf(change, from) : null;
  return { change, change_pct, basis, prev_close: from, refused: null };
}
