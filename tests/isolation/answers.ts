/**
 * Healthy responses of every provider: its sample with a current price and current times.
 *
 * @module
 */
import { DAY_MS } from "../../lib/core/time.ts";
import { readSample } from "../topics/quotes/samples.ts";

/** A simulated provider. */
export interface Simulated {
  /** As in `lib/topics/quotes/providers/registry.ts`. */
  readonly name: string;
  readonly host: string;
  /** Returns the body of the response to a URL. */
  answer(url: URL, now: number): string;
}

/** Returns a price that changes every second, without a jump. */
function priceAt(base: number, now: number): string {
  return `${base}.${String(Math.floor(now / 1000) % 100).padStart(2, "0")}`;
}

const iso = (ms: number) => new Date(ms).toISOString();
const seconds = (ms: number) => String(Math.floor(ms / 1000));

/** Returns a sample with replacements. @throws {Error} If one of them does not match. */
function altered(name: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (text.search(from) === -1) throw new Error(`${name} does not contain ${from}`);
    return text.replace(from, to);
  }, readSample(name));
}

const COINS: Readonly<Record<string, number>> = { BTC: 60_000, ETH: 3000 };
const METALS: Readonly<Record<string, number>> = { XAU: 4000, XAG: 50 };

/** Returns the replacement of a field's value. */
function field(name: string, value: string): readonly [RegExp, string] {
  return [new RegExp(`"${name}": ?("[^"]*"|[\\d.]+)`), `"${name}":${value}`];
}

/** THE LIST of simulated providers. A test compares it with the registry. */
export const SIMULATED: readonly Simulated[] = [
  {
    name: "coinbase",
    host: "api.exchange.coinbase.com",
    answer({ pathname }, now) {
      const base = COINS[pathname.slice(10, 13)] ?? NaN;
      if (pathname.endsWith("/stats")) {
        return altered("coinbase_rest_stats.200", [field("open", `"${base}.00"`)]);
      }
      const price = field("price", `"${priceAt(base, now)}"`);
      return altered("coinbase_rest_ticker.200", [price, field("time", `"${iso(now)}"`)]);
    },
  },
  {
    name: "kraken",
    host: "api.kraken.com",
    answer(_url, now) {
      const tickers = Object.entries({ XXBTZUSD: 60_000, XETHZUSD: 3000 }).map(([pair, base]) => [
        pair,
        { c: [priceAt(base, now), "0.1"], o: `${base}.00` },
      ]);
      const sampled = JSON.parse(readSample("kraken_rest_ticker.200"));
      return JSON.stringify({ ...sampled, result: Object.fromEntries(tickers) });
    },
  },
  {
    name: "coingecko",
    host: "api.coingecko.com",
    answer(_url, now) {
      const body = JSON.parse(readSample("coingecko_simple_price.200"));
      for (const [id, base] of [["bitcoin", 60_000], ["ethereum", 3000]] as const) {
        Object.assign(body[id], {
          usd: Number(priceAt(base, now)),
          last_updated_at: Number(seconds(now)),
        });
      }
      return JSON.stringify(body);
    },
  },
  {
    name: "gold-api",
    host: "api.gold-api.com",
    answer({ pathname }, now) {
      const metal = pathname.slice(-3);
      return altered("goldapi_price_XAU.200", [
        field("symbol", `"${metal}"`),
        field("price", priceAt(METALS[metal] ?? NaN, now)),
        field("updatedAt", `"${iso(now)}"`),
      ]);
    },
  },
  {
    name: "swissquote",
    host: "forex-data-feed.swissquote.com",
    answer({ pathname }, now) {
      const price = Number(priceAt(METALS[pathname.slice(-7, -4)] ?? NaN, now));
      const spread = { spreadProfile: "elite", bid: price - 0.25, ask: price + 0.25 };
      return JSON.stringify([{ topo: {}, spreadProfilePrices: [spread], ts: now }]);
    },
  },
  {
    name: "twelve-data",
    host: "api.twelvedata.com",
    answer(_url, now) {
      const metals = Object.entries(METALS).map(([metal, base]) => {
        const text = altered("twelvedata_quote.200", [
          field("close", `"${priceAt(base, now)}"`),
          field("previous_close", `"${base}.00"`),
          field("last_quote_at", seconds(now)),
          [/"is_market_open": false/, `"is_market_open": true`],
        ]);
        return `"${metal}/USD":${text}`;
      });
      return `{${metals.join(",")}}`;
    },
  },
  {
    name: "yahoo",
    host: "query1.finance.yahoo.com",
    answer({ pathname }, now) {
      const ticker = decodeURIComponent(pathname.split("/").at(-1) ?? "");
      const [start, end] = [now - 3_600_000, now + 3_600_000].map(seconds);
      return altered("yahoo_v8_chart_BZ=F.synthetic", [
        field("symbol", `"${ticker}"`),
        field("regularMarketPrice", priceAt(71, now)),
        field("regularMarketTime", seconds(now)),
        [
          /"regular": \{[^}]*\}/,
          `"regular": {"start":${start},"end":${end}}`,
        ],
      ]);
    },
  },
  {
    name: "fred",
    host: "api.stlouisfed.org",
    answer(_url, now) {
      const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
      const observations = [1, 2].map((days) => ({
        date: dayOf(now - days * DAY_MS),
        value: days === 1 ? "71.45" : "71.20",
      }));
      return JSON.stringify({ observations });
    },
  },
];
