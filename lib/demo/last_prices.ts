/**
 * The prices that simulated providers have sent: what the rows of the page show.
 *
 * @module
 */
import { z } from "zod";
import type { SimulatedUpstream } from "./simulated_upstream.ts";

/** An instrument, and the first choice of its providers. */
export interface DemoInstrument {
  readonly symbol: string;
  readonly name: string;
  /** The words that name it in a question. */
  readonly words: RegExp;
  /** The unit of its price. */
  readonly unit: string;
  readonly decimals: number;
  /** The URL of its price at the provider. */
  readonly url: string;
}

const COINBASE_URL = "https://api.exchange.coinbase.com/products";
const GOLD_URL = "https://api.gold-api.com/price";
const YAHOO_URL = "https://query1.finance.yahoo.com/v8/finance/chart";

const OUNCE = "per troy ounce";
const BARREL = "per barrel";
const POINTS = "points";

/** THE LIST of instruments, in the order of the page. */
export const DEMO_INSTRUMENTS: readonly DemoInstrument[] = [
  {
    symbol: "BTC-USD",
    name: "Bitcoin",
    words: /\b(?:bitcoin|btc|crypto)\b/i,
    unit: "",
    decimals: 2,
    url: `${COINBASE_URL}/BTC-USD/ticker`,
  },
  {
    symbol: "ETH-USD",
    name: "Ethereum",
    words: /\b(?:ethereum|ether|eth|crypto)\b/i,
    unit: "",
    decimals: 2,
    url: `${COINBASE_URL}/ETH-USD/ticker`,
  },
  {
    symbol: "XAU-USD",
    name: "Gold",
    words: /\b(?:gold|xau|metals)\b/i,
    unit: OUNCE,
    decimals: 2,
    url: `${GOLD_URL}/XAU`,
  },
  {
    symbol: "XAG-USD",
    name: "Silver",
    words: /\b(?:silver|xag|metals)\b/i,
    unit: OUNCE,
    decimals: 3,
    url: `${GOLD_URL}/XAG`,
  },
  {
    symbol: "BRENT",
    name: "Brent crude",
    words: /\b(?:brent|oil)\b/i,
    unit: BARREL,
    decimals: 2,
    url: `${YAHOO_URL}/BZ=F`,
  },
  {
    symbol: "WTI",
    name: "WTI crude",
    words: /\b(?:wti|oil)\b/i,
    unit: BARREL,
    decimals: 2,
    url: `${YAHOO_URL}/CL=F`,
  },
  {
    symbol: "SPX",
    name: "S&P 500",
    words: /(?:\bs&p\b|\b(?:spx|indices)\b)/i,
    unit: POINTS,
    decimals: 2,
    url: `${YAHOO_URL}/^GSPC`,
  },
  {
    symbol: "DJI",
    name: "Dow Jones",
    words: /\b(?:dow|dji|indices)\b/i,
    unit: POINTS,
    decimals: 2,
    url: `${YAHOO_URL}/^DJI`,
  },
  {
    symbol: "IXIC",
    name: "Nasdaq Composite",
    words: /\b(?:nasdaq|ixic|indices)\b/i,
    unit: POINTS,
    decimals: 2,
    url: `${YAHOO_URL}/^IXIC`,
  },
];

/** A price at its place in the response of any provider. */
const PriceBody = z.union([
  z.object({ price: z.coerce.number() }).transform(({ price }) => price),
  z.object({
    chart: z.object({
      result: z.tuple([z.object({ meta: z.object({ regularMarketPrice: z.number() }) })]),
    }),
  }).transform(({ chart }) => chart.result[0].meta.regularMarketPrice),
]);

/** Remembers the responses of providers by their time alone, because a response depends on nothing else. */
export class LastPrices {
  readonly #upstreams: readonly SimulatedUpstream[];
  /** The times of the last responses: wall times in ms, by URL. */
  readonly #times = new Map<string, number>();

  constructor(upstreams: readonly SimulatedUpstream[]) {
    this.#upstreams = upstreams;
  }

  /** Records a response with the prices of a wall time in ms. */
  record(url: URL, at: number): void {
    this.#times.set(keyOf(url), at);
  }

  /** Returns the wall time in ms of the price that was sent last, `now` if none was sent. */
  timeOf({ url }: DemoInstrument, now: number): number {
    return this.#times.get(keyOf(new URL(url))) ?? now;
  }

  /** Returns a price at a wall time in ms, as its provider sends it then. */
  priceAt({ url }: DemoInstrument, at: number): number {
    const target = new URL(url);
    const upstream = this.#upstreams.find(({ host }) => host === target.hostname);
    return PriceBody.parse(upstream?.respond(target, at).body);
  }
}

/** Returns the key of a response: its query only selects how much history it contains. */
function keyOf({ hostname, pathname }: URL): string {
  return hostname + decodeURIComponent(pathname);
}
