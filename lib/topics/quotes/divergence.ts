/**
 * Divergence of two sources of a symbol. It is reported and never averaged, since a mean would be a price that no
 * source quoted.
 *
 * @module
 */
import { isPositive, percentOf, subtract } from "./providers/decimal.ts";
import type { Provider, Reading } from "./providers/provider.ts";

/** The largest time between two compared prices, in ms, since yesterday's close does not contradict today's price. */
const MAX_TIME_GAP_MS = 60_000;

/** A reading and the provider that sent it. */
export interface SourcedReading {
  readonly reading: Reading;
  readonly provider: Pick<Provider, "title">;
}

/** Returns the time between two readings, in ms: between their receipts, or their market times if that is longer. */
function timeGapMs(a: Reading, b: Reading): number {
  const receiptsMs = Math.abs(a.receivedElapsed - b.receivedElapsed);
  if (a.as_of === null && b.as_of === null) return receiptsMs;
  const timeOf = ({ as_of, received_at }: Reading) => Date.parse(as_of ?? received_at);
  return Math.max(receiptsMs, Math.abs(timeOf(a) - timeOf(b)));
}

/** The current divergences, by symbol. */
export class Divergences {
  readonly #maxDifferencePct: number;
  readonly #remarks = new Map<string, string>();

  /** @param maxDifferencePct The largest difference of two prices that is not reported, in percent. */
  constructor(maxDifferencePct: number) {
    this.#maxDifferencePct = maxDifferencePct;
  }

  /** Compares the serving source of a symbol with a reference source, and keeps or drops the remark on the symbol. */
  compare(serving: SourcedReading, reference: SourcedReading): void {
    const { symbol, price } = serving.reading;
    // Near zero and below it, a difference in percent tells nothing.
    if (!isPositive(price)) return this.forget(symbol);
    const differencePct = Math.abs(percentOf(subtract(reference.reading.price, price), price));
    if (
      differencePct <= this.#maxDifferencePct ||
      timeGapMs(serving.reading, reference.reading) > MAX_TIME_GAP_MS
    ) {
      this.forget(symbol);
      return;
    }
    const titles = `${serving.provider.title} and ${reference.provider.title}`;
    const percent = Number(differencePct.toPrecision(2));
    this.#remarks.set(symbol, `${titles} differ by ${percent} % on ${symbol}`);
  }

  /** Drops the remark on a symbol, for example after a switch of its source. */
  forget(symbol: string): void {
    this.#remarks.delete(symbol);
  }

  /** Lists the remarks on the divergences of these symbols, for users. */
  remarks(symbols: readonly string[]): string[] {
    return symbols.flatMap((symbol) => this.#remarks.get(symbol) ?? []);
  }
}
