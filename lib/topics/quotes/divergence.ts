/**
 * Whether two sources agree. Where they do not, that is said: a mean of them would be a third price, which nobody gave.
 *
 * @module
 */
import { percentOf, subtract } from "./providers/decimal.ts";
import type { Reading } from "./providers/provider.ts";

/** Prices of times further apart than this, in milliseconds, are no two opinions: yesterday's close is none on today. */
const SAME_TIME_MS = 5 * 60_000;

/** What two sources say of the same symbol. */
export interface Opinions {
  readonly serving: Reading;
  readonly servingTitle: string;
  readonly witness: Reading;
  readonly witnessTitle: string;
}

/** Remembers who differs. */
export interface Quorum {
  /** Takes down what two sources say, or that they are of one mind again. */
  compare(opinions: Opinions): void;
  /** A symbol changed hands: nothing is known of who gives it now. */
  forget(symbol: string): void;
  /** Every disagreement over some symbols, in words. */
  remarks(symbols: readonly string[]): string[];
}

function timeOf({ as_of, received_at }: Reading): number {
  return Date.parse(as_of ?? received_at);
}

/** Creates a quorum. @param boundPct How far two prices may differ, in percent. */
export function createQuorum(boundPct: number): Quorum {
  const disagreements = new Map<string, string>();
  return {
    compare({ serving, servingTitle, witness, witnessTitle }) {
      const { symbol } = serving;
      const apartMs = Math.abs(timeOf(serving) - timeOf(witness));
      const apartPct = Math.abs(percentOf(subtract(witness.price, serving.price), serving.price));
      if (apartMs > SAME_TIME_MS || apartPct <= boundPct) return void disagreements.delete(symbol);
      const percent = Number(apartPct.toPrecision(2));
      disagreements.set(
        symbol,
        `${servingTitle} and ${witnessTitle} differ by ${percent} % on ${symbol}`,
      );
    },
    forget: (symbol) => void disagreements.delete(symbol),
    remarks: (symbols) => symbols.flatMap((symbol) => disagreements.get(symbol) ?? []),
  };
}
