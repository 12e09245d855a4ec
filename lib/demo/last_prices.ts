/**
 * The prices that simulated providers have sent: what the rows of the page show.
 *
 * @module
 */
import { createPrice, type DemoInstrument } from "./market.ts";
import type { SimulatedUpstream } from "./simulated_upstream.ts";

/** An instrument at an upstream. */
interface PricedTicker {
  /** The key of the response that contains its price. */
  readonly key: string;
  /** Returns its price at a wall time in ms. */
  priceAt(ms: number): number;
}

/** Remembers the responses of providers by their time alone, because a response depends on nothing else. */
export class LastPrices {
  readonly instruments: readonly DemoInstrument[];
  readonly #upstreams: readonly SimulatedUpstream[];
  /** The times of the last responses: wall times in ms, by key. */
  readonly #times = new Map<string, number>();

  /** @param upstreams In order of preference. */
  constructor(
    instruments: readonly DemoInstrument[],
    upstreams: readonly SimulatedUpstream[],
  ) {
    this.instruments = instruments;
    this.#upstreams = upstreams;
  }

  /** Records a response with the prices of a wall time in ms. */
  record({ hostname, pathname }: URL, at: number): void {
    // The query only selects how much history a response contains, or which instruments.
    this.#times.set(hostname + decodeURIComponent(pathname), at);
  }

  /** Returns the wall time in ms of the price that was sent last, `now` if none was sent. */
  timeOf(instrument: DemoInstrument, now: number): number {
    return this.#times.get(this.#tickerOf(instrument).key) ?? now;
  }

  /** Returns a price at a wall time in ms, as its provider sends it then. */
  priceAt(instrument: DemoInstrument, at: number): number {
    return this.#tickerOf(instrument).priceAt(at);
  }

  /** Returns the instrument at the first upstream that has it. Without one it has the exact price of the market. */
  #tickerOf(instrument: DemoInstrument): PricedTicker {
    for (const { host, prices } of this.#upstreams) {
      const ticker = prices && instrument.tickers[prices.provider];
      if (prices === undefined || ticker === undefined) continue;
      return {
        key: host + prices.pathOf(ticker),
        priceAt: (ms) => Number(prices.priceAt(ticker, ms)),
      };
    }
    const exactPrice = createPrice(instrument, 0);
    return { key: instrument.symbol, priceAt: (ms) => Number(exactPrice(ms)) };
  }
}
