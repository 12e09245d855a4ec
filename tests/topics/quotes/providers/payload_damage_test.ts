/**
 * Random damage to payloads: any field that a price does not need may have any value, or be absent.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FreshnessRules } from "../../../../lib/topics/quotes/freshness.ts";
import { track } from "../../../../lib/topics/quotes/tracked_reading.ts";
import { instrumentsFor } from "../../../../lib/topics/quotes/instruments.ts";
import { createMarketHours } from "../../../../lib/topics/quotes/market_hours.ts";
import { createAlpaca } from "../../../../lib/topics/quotes/providers/alpaca.ts";
import { createCoinbase } from "../../../../lib/topics/quotes/providers/coinbase.ts";
import { createCoinGecko } from "../../../../lib/topics/quotes/providers/coingecko.ts";
import { createFinnhub } from "../../../../lib/topics/quotes/providers/finnhub.ts";
import { createFrankfurter } from "../../../../lib/topics/quotes/providers/frankfurter.ts";
import { createFred } from "../../../../lib/topics/quotes/providers/fred.ts";
import { createGoldApi } from "../../../../lib/topics/quotes/providers/gold_api.ts";
import { createKraken } from "../../../../lib/topics/quotes/providers/kraken.ts";
import type { Provider } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createTwelveData } from "../../../../lib/topics/quotes/providers/twelve_data.ts";
import { createYahoo } from "../../../../lib/topics/quotes/providers/yahoo.ts";
import { Quote } from "../../../../lib/topics/quotes/quote.ts";
import { QuoteCache } from "../../../../lib/topics/quotes/quote_cache.ts";
import { createManualClock } from "../../../support/manual_clock.ts";
import { propertyRuns } from "../../../support/property_runs.ts";
import { createSampleUpstream, readSample, RECEIVED_AT } from "../samples.ts";

/** A price, and the payloads that contain it. */
interface Payload {
  readonly provider: Provider;
  readonly symbol: string;
  readonly price: string;
  /** Bodies by a part of the URL. */
  readonly bodies: Readonly<Record<string, string>>;
  /** The paths without which there is no such price, or another one. */
  readonly vital: readonly string[];
}

const TWELVE_QUOTE = readSample("twelvedata_quote.200");
/** Adds a member to a JSON object, equal to another one. */
function addMember(json: string, from: string, to: string): string {
  const body = JSON.parse(json);
  return json.replace(/}\s*$/, `,"${to}":${JSON.stringify(body[from])}}`);
}

const KRAKEN_BODY = JSON.parse(readSample("kraken_rest_ticker.200"));

const PAYLOADS: readonly Payload[] = [
  {
    provider: createCoinbase({ "BTC-USD": "BTC-USD" }),
    symbol: "BTC-USD",
    price: "6268.48",
    bodies: {
      "/ticker": readSample("coinbase_rest_ticker.200"),
      "/stats": readSample("coinbase_rest_stats.200"),
    },
    vital: ["price", "time"],
  },
  {
    provider: createKraken({ "BTC-USD": "XBTUSD", "ETH-USD": "ETHUSD" }),
    symbol: "BTC-USD",
    price: "30303.20000",
    bodies: {
      "/Ticker": JSON.stringify({
        ...KRAKEN_BODY,
        result: { ...KRAKEN_BODY.result, XETHZUSD: KRAKEN_BODY.result.XXBTZUSD },
      }),
    },
    vital: ["result.XXBTZUSD.c.0"],
  },
  {
    provider: createCoinGecko({ "BTC-USD": "bitcoin", "ETH-USD": "ethereum" }, "a-key"),
    symbol: "BTC-USD",
    price: "76975",
    bodies: { "ids=": readSample("coingecko_simple_price.200") },
    vital: ["bitcoin.usd", "bitcoin.last_updated_at"],
  },
  {
    provider: createGoldApi({ "XAU-USD": "XAU" }),
    symbol: "XAU-USD",
    price: "4165.200195",
    bodies: { "/price/XAU": readSample("goldapi_price_XAU.200") },
    vital: ["price", "symbol"],
  },
  {
    provider: createTwelveData({ "XAU-USD": "XAU/USD", "XAG-USD": "XAG/USD" }, "a-key"),
    symbol: "XAU-USD",
    price: "286.19000",
    bodies: { "/quote": `{"XAU/USD":${TWELVE_QUOTE},"XAG/USD":${TWELVE_QUOTE}}` },
    vital: ["XAU/USD.close"],
  },
  {
    provider: createYahoo({ SPX: "^GSPC" }),
    symbol: "SPX",
    price: "7738.79",
    bodies: { "/chart/": readSample("yahoo_v8_chart_^GSPC.synthetic") },
    vital: ["symbol", "regularMarketPrice", "regularMarketTime"]
      .map((field) => `chart.result.0.meta.${field}`),
  },
  {
    provider: createFinnhub({ AAPL: "AAPL" }, "a-key"),
    symbol: "AAPL",
    price: "261.74",
    bodies: { "symbol=AAPL": readSample("finnhub_quote.200") },
    vital: ["c", "t"],
  },
  {
    provider: createAlpaca({ AAPL: "AAPL", MSFT: "MSFT" }, { id: "a-key", secret: "a-secret" }),
    symbol: "AAPL",
    price: "278.1",
    bodies: { "symbols=AAPL,MSFT": addMember(readSample("alpaca_snapshots.200"), "AAPL", "MSFT") },
    vital: ["AAPL.latestTrade.p", "AAPL.latestTrade.t"],
  },
  {
    provider: createFrankfurter({ "EUR-USD": "EUR/USD", "EUR-JPY": "EUR/JPY" }),
    symbol: "EUR-USD",
    price: "1.1225",
    bodies: { "base=EUR": readSample("frankfurter_v1_latest.200") },
    vital: ["base", "date", "rates.USD"],
  },
  {
    provider: createFred({ WTI: "DCOILWTICO" }, "a-key"),
    symbol: "WTI",
    price: "67.45",
    bodies: { "/observations": readSample("fred_series_observations.200") },
    // The newest day may have a price too.
    vital: ["0.date", "0.value", "1.date", "1.value"].map((field) => `observations.${field}`),
  },
];

/** Values of other types, and numbers that no price has. Undefined stands for an absent field. */
const DAMAGED = [
  ...[undefined, null, true, 0, -1, 1e-45, 1e-12, 1e30, 1791208707],
  ...["", "0", "n/a", "-5", "1,000", "NaN", "2030-01-01T00:00:00Z"],
  ...[[], {}, [null], { start: 0, end: 0 }],
];

/** Lists the paths of a JSON value and of all values in it. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [
    ...(path.length === 0 ? [] : [[...path]]),
    ...members.flatMap(([key, member]) => pathsOf(member, [...path, key])),
  ];
}

/** Returns a copy of a JSON value with another one at a path. */
function replaceAt(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (typeof value !== "object" || value === null) return value; // another damage came first
  const members = Object.entries(value)
    .map(([name, member]) => [name, name === key ? replaceAt(member, rest, other) : member])
    .filter(([, member]) => member !== undefined);
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

/** One damage: the position of its path in the list of all, and its value. */
const damages = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...DAMAGED)), {
  minLength: 1,
  maxLength: 4,
});

/** Damages a body in fields that its price does not need. An element of a list is never removed, so paths stay. */
function damage(
  json: string,
  vital: readonly string[],
  drawn: readonly (readonly [number, unknown])[],
): string {
  const body: unknown = JSON.parse(json);
  const paths = pathsOf(body).filter((path) =>
    !vital.some((each) => `${each}.`.startsWith(`${path.join(".")}.`))
  );
  return JSON.stringify(drawn.reduce<unknown>((damaged, [index, value]) => {
    const path = paths[index % paths.length] ?? [];
    const isElement = /^\d+$/.test(path.at(-1) ?? "");
    return replaceAt(damaged, path, isElement ? value ?? null : value);
  }, body));
}

for (const { provider, symbol, price, bodies, vital } of PAYLOADS) {
  Deno.test(`${provider.name} keeps a good price whatever the other fields are`, async () => {
    const instruments = instrumentsFor({ SYMBOLS: PAYLOADS.map(({ symbol }) => symbol) });
    await fc.assert(
      fc.asyncProperty(damages, async (drawn) => {
        const damaged = Object.fromEntries(
          Object.entries(bodies).map(([part, json]) => [part, damage(json, vital, drawn)]),
        );
        const reading = await provider.read(createSampleUpstream(damaged), symbol);
        assertEquals(reading.price, price);
        const clock = createManualClock(RECEIVED_AT);
        const cache = new QuoteCache({
          clock,
          instruments,
          freshness: new FreshnessRules(clock, instruments, createMarketHours()),
          providers: [provider],
          recorder: { add() {}, baselineOf: () => null },
          isSimulated: false,
        });
        assert(cache.put(track(reading, undefined, provider.intervalMs), provider));
        const quote = Quote.parse(cache.quotes()[0]);
        assert(Math.abs(quote.change_pct ?? 0) <= 500, `${quote.change_pct} %`);
        for (const figure of [quote.open, quote.high, quote.low, quote.bid, quote.ask]) {
          assert(figure === null || Math.abs(Number(figure) / Number(price) - 1) <= 2, `${figure}`);
        }
      }),
      { numRuns: propertyRuns(100), endOnFailure: true },
    );
  });
}
