/**
 * Divergence of two sources of one symbol. It is reported and never averaged: a mean would be a price that no source
 * quoted.
 *
 * @module
 */
import { percentOf, subtract } from "./providers/decimal.ts";
import type { Provider, Reading } from "./providers/provider.ts";

/** Prices further apart in time are not compared, in ms: yesterday's close says nothing about today's price. */
const MAX_APART_MS = 5 * 60_000;

/** A reading and the provider that sent it. */
export interface SourcedReading {
  readonly reading: Reading;
  readonly provider: Pick<Provider, "title">;
}

/** The time between two readings, in ms: by the market's times where both have one. */
function apartMs(a: Reading, b: Reading): number {
  if (a.as_of === null && b.as_of === null) return Math.abs(a.receivedElapsed - b.receivedElapsed);
  const timeOf = ({ as_of, received_at }: Reading) => Date.parse(as_of ?? received_at);
  return Math.abs(timeOf(a) - timeOf(b));
}

/** The current divergences, by symbol. */
export class Divergences {
  readonly #boundPct: number;
  readonly #remarks = new Map<string, string>();

  /** @param boundPct The largest difference of two prices that is not reported, in percent. */
  constructor(boundPct: number) {
    this.#boundPct = boundPct;
  }

  /** Compares the serving source of a symbol with a reference source. */
  compare(serving: SourcedReading, reference: SourcedReading): void {
    const { symbol, price } = serving.reading;
    const apartPct = Math.abs(percentOf(subtract(reference.reading.price, price), price));
    if (apartPct <= this.#boundPct || apartMs(serving.reading, reference.reading) > MAX_APART_MS) {
      this.forget(symbol);
      return;
    }
    const titles = `${serving.provider.title} and ${reference.provider.title}`;
    const percent = Number(apartPct.toPrecision(2));
    this.#remarks.set(symbol, `${titles} differ by ${percent} % on ${symbol}`);
  }

  /** Forgets a symbol's divergence, such as after a change of its source. */
  forget(symbol: string): void {
    this.#remarks.delete(symbol);
  }

  /** Describes the divergences of these symbols for users. */
  remarks(symbols: readonly string[]): string[] {
    return symbols.flatMap((symbol) => this.#remarks.get(symbol) ?? []);
  }
}
