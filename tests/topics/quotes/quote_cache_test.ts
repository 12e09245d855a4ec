import { assertEquals } from "@std/assert";
import { FreshnessRules } from "../../../lib/topics/quotes/freshness.ts";
import type { Baseline } from "../../../lib/topics/quotes/history/baseline.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";
import {
  type PriceRecorder,
  QuoteCache,
  validateReading,
} from "../../../lib/topics/quotes/quote_cache.ts";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Provider,
  type Reading,
} from "../../../lib/topics/quotes/providers/provider.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { createManualClock } from "../../support/manual_clock.ts";

const NOW = Date.parse("2026-05-18T12:00:00Z");

function reading(price: string, second: number, asOfSecond: number | null = second): Reading {
  const time = (s: number) => new Date(NOW + (s - 60) * 1000).toISOString();
  return {
    symbol: "BTC-USD",
    price,
    ...NO_BASELINE,
    ...NO_FIGURES,
    session: "always",
    as_of: asOfSecond === null ? null : time(asOfSecond),
    received_at: time(second),
    receivedElapsed: second * 1000,
    is_delayed: false,
    delay_s: null,
  };
}

Deno.test("validateReading() rejects a reading older than the cached one, by either time", () => {
  const cached = reading("100", 10);
  assertEquals(validateReading(reading("101", 11, 9), { cached, now: NOW }), "reject");
  assertEquals(validateReading(reading("101", 9, null), { cached, now: NOW }), "reject");
  assertEquals(validateReading(reading("101", 11, 10), { cached, now: NOW }), "accept");
  assertEquals(validateReading(reading("101", 11, null), { cached, now: NOW }), "accept");
});

Deno.test("validateReading() ignores a cached market time in the future", () => {
  assertEquals(
    validateReading(reading("101", 11), { cached: reading("100", 10, 3600), now: NOW }),
    "accept",
  );
});

Deno.test("validateReading() quarantines a jump over 20 % until another reading confirms it", () => {
  const cached = reading("100", 10);
  assertEquals(validateReading(reading("120", 11), { cached, now: NOW }), "accept");
  assertEquals(validateReading(reading("120.01", 11), { cached, now: NOW }), "quarantine");
  assertEquals(validateReading(reading("79.99", 11), { cached, now: NOW }), "quarantine");
  const quarantined = reading("150", 11);
  assertEquals(validateReading(reading("149", 12), { cached, quarantined, now: NOW }), "accept");
  assertEquals(
    validateReading(reading("200", 12), { cached, quarantined, now: NOW }),
    "quarantine",
  );
});

Deno.test("validateReading() accepts no reading as its own confirmation", () => {
  const cached = reading("100", 10);
  assertEquals(
    validateReading(reading("150", 12, 11), {
      cached,
      quarantined: reading("150", 11),
      now: NOW,
    }),
    "quarantine",
  );
  const timeless = reading("150", 11, null);
  assertEquals(
    validateReading(timeless, { cached, quarantined: timeless, now: NOW }),
    "quarantine",
  );
  assertEquals(
    validateReading(reading("150", 12, null), { cached, quarantined: timeless, now: NOW }),
    "accept",
  );
});

const SOURCE: Provider = {
  name: "source",
  title: "Source",
  attribution: "Source",
  symbols: ["XAU-USD", "SPX", "WTI"],
  intervalMs: 30_000,
  ttlMs: 24_000,
  read: () => Promise.reject(new Error("unused")),
};

/** Creates a cache of one source. It is a Wednesday, and all markets are open. */
function createCache(recorder: PriceRecorder): QuoteCache {
  const clock = createManualClock(Date.parse("2026-11-18T15:00:00Z"));
  const instruments = instrumentsFor({});
  return new QuoteCache({
    clock,
    instruments,
    freshness: new FreshnessRules(clock, instruments, createMarketHours()),
    providers: [SOURCE],
    recorder,
    isSimulated: false,
  });
}

/** Puts a reading of a new source into a cache whose recorder knows a baseline. Returns the quote and the remarks. */
function quoteAfter(
  symbol: string,
  overrides: Partial<Reading>,
  recorded: Baseline | null = null,
): { readonly quote: Quote | undefined; readonly added: number; readonly remarks: string[] } {
  let added = 0;
  const cache = createCache({ add: () => added++, baselineOf: () => recorded });
  cache.put({ ...reading("4010.00", 0), symbol, ...overrides, newsElapsed: 0 }, SOURCE);
  return { quote: cache.quotes()[0], added, remarks: cache.remarks([symbol], SOURCE.name) };
}

/** Returns the change, its percentage, its basis, and its baseline. */
function changeAfter(overrides: Partial<Reading>, recorded: Baseline | null = null) {
  const { quote } = quoteAfter("XAU-USD", overrides, recorded);
  return [quote?.change, quote?.change_pct, quote?.basis, quote?.prev_close];
}

const NO_CHANGE = [null, null, "none", null];

Deno.test("QuoteCache measures the change from the source's baseline, else from the recorded one", () => {
  const close: Baseline = { price: "4000.00", basis: "prev_close" };
  const ofClose = ["10.00", 0.25, "prev_close", "4000.00"];
  assertEquals(changeAfter({}, close), ofClose);
  assertEquals(changeAfter({}), NO_CHANGE);
  const stated = { baseline: "4009.00", basis: "rolling_24h" } as const;
  assertEquals(changeAfter(stated, close), ["1.00", 0.0249, "rolling_24h", "4009.00"]);
  assertEquals(changeAfter({ ...stated, baseline: "0.00" }, close), ofClose, "zero is unknown");
  assertEquals(changeAfter({ ...stated, baseline: "40.09" }, close), ofClose, "a slip");
});

Deno.test("QuoteCache has no change from an implausible baseline, and names it", () => {
  const slips: Record<string, string> = {
    [`0.${"0".repeat(44)}14`]: "1.4e-45",
    "416.52": "416.52",
    "41652000": "41652000",
    "-4000": "-4000",
  };
  for (const [baseline, text] of Object.entries(slips)) {
    const { quote, remarks } = quoteAfter("XAU-USD", { baseline, basis: "prev_close" });
    assertEquals([quote?.change, quote?.change_pct, quote?.basis, quote?.prev_close], NO_CHANGE);
    assertEquals(remarks, [`XAU-USD has no change: ${text} is no plausible baseline`]);
  }
  const close: Baseline = { price: "4000.00", basis: "prev_close" };
  const replaced = quoteAfter("XAU-USD", { baseline: "416.52", basis: "prev_close" }, close);
  assertEquals(replaced.remarks, []);
});

Deno.test("QuoteCache refuses a price that its class does not allow, and says so", () => {
  for (const price of ["0", "0.000", "-37.63"]) {
    const refused = quoteAfter("SPX", { price });
    assertEquals([refused.quote, refused.added], [undefined, 0]);
    assertEquals(refused.remarks, [`Source sent a price of ${price} for SPX`]);
    const { quote, added, remarks } = quoteAfter("WTI", { price });
    assertEquals([quote?.price, added, remarks], [price, 1, []]);
  }
});

Deno.test("QuoteCache measures negative oil without a percentage", () => {
  const fall = { price: "-37.63", baseline: "18.27", basis: "prev_close" } as const;
  const { quote } = quoteAfter("WTI", fall);
  assertEquals([quote?.change, quote?.change_pct, quote?.prev_close], ["-55.90", null, "18.27"]);
  const rise = quoteAfter("WTI", { ...fall, price: "10.01", baseline: "-37.63" });
  assertEquals([rise.quote?.change, rise.quote?.change_pct], ["47.64", null]);
});

Deno.test("QuoteCache refuses a price in another currency than the instrument's", () => {
  const { quote, remarks } = quoteAfter("XAU-USD", { currency: "EUR" });
  assertEquals(quote, undefined);
  assertEquals(remarks, ["Source quotes XAU-USD in EUR, not in USD"]);
  for (const stated of [{ currency: "USD" }, { currency: null }, {}]) {
    assertEquals(quoteAfter("XAU-USD", stated).quote?.price, "4010.00");
  }
});

Deno.test("QuoteCache keeps the possible figures of a day, and leaves out zeros and wrong signs", () => {
  const figures = { open: "4000.0", high: "0", low: "-1", volume: "0.00", bid: "4009", ask: "0.0" };
  const { quote } = quoteAfter("XAU-USD", figures);
  assertEquals(
    [quote?.open, quote?.high, quote?.low, quote?.volume, quote?.bid, quote?.ask],
    ["4000.0", null, null, null, "4009", null],
  );
  const slip = quoteAfter("XAU-USD", { bid: `0.${"0".repeat(44)}1`, ask: "401100" });
  assertEquals([slip.quote?.bid, slip.quote?.ask], [null, null]);
  assertEquals(quoteAfter("WTI", { low: "-40.32", volume: "12" }).quote?.low, "-40.32");
});

Deno.test("QuoteCache passes on no market time of the future, and says so", () => {
  const ahead = quoteAfter("XAU-USD", { as_of: "2030-01-01T00:00:00.000Z" });
  assertEquals([ahead.quote?.price, ahead.quote?.as_of], ["4010.00", null]);
  assertEquals(ahead.remarks, ["Source states a future time for XAU-USD"]);
  const as_of = "2026-11-18T15:00:10.000Z"; // the clocks differ by 10 s
  const skewed = quoteAfter("XAU-USD", { as_of });
  assertEquals([skewed.quote?.as_of, skewed.remarks], [as_of, []]);
});

Deno.test("QuoteCache keeps the last good price and has no remark once a good one follows", () => {
  const cache = createCache({ add: () => {}, baselineOf: () => null });
  const put = (price: string, second: number) =>
    cache.put({ ...reading(price, second), symbol: "SPX", newsElapsed: second * 1000 }, SOURCE);
  assertEquals([put("4000", 1), put("0", 2)], [true, false]);
  assertEquals(cache.quotes().map(({ price }) => price), ["4000"]);
  assertEquals(cache.remarks(["SPX"], SOURCE.name).length, 1);
  assertEquals(cache.remarks(["SPX"], "another"), []);
  assertEquals(put("4001", 3), true);
  assertEquals(cache.remarks(["SPX"], SOURCE.name), []);
});

Deno.test("validateReading() quarantines the first price after zero, and does not fail", () => {
  assertEquals(
    validateReading(reading("1.00", 11), { cached: reading("0.00", 10), now: NOW }),
    "quarantine",
  );
  assertEquals(
    validateReading(reading("0.0", 11), { cached: reading("0.00", 10), now: NOW }),
    "accept",
  );
});

Deno.test("QuoteCache accepts a closing price that jumps, which nothing confirms before the next close", () => {
  const cache = createCache({ add: () => {}, baselineOf: () => null });
  const put = (price: string, second: number, asOfSecond: number, isEndOfDay: boolean) =>
    cache.put(
      { ...reading(price, second, asOfSecond), symbol: "SPX", newsElapsed: second * 1000 },
      { ...SOURCE, isEndOfDay },
    );
  assertEquals([put("4000", 1, 1, true), put("5000", 3, 2, true)], [true, true]);
  assertEquals(put("6500", 5, 4, false), false);
  assertEquals(put("4000", 5, 1, true), false);
});

Deno.test("QuoteCache of a new leader accepts a first price that jumps from the recorded one once another confirms it", () => {
  const read = (price: string, second: number, recorded: string | null) =>
    [
      { ...reading(price, second), symbol: "XAU-USD", newsElapsed: second * 1000 },
      recorded,
    ] as const;
  const puts = (...readings: readonly ReturnType<typeof read>[]) => {
    let latest: string | null = null;
    const cache = createCache({ add: () => {}, baselineOf: () => null, latestOf: () => latest });
    return readings.map(([next, recorded]) => {
      latest = recorded;
      return cache.put(next, SOURCE);
    });
  };
  const recorded = "4165.20";
  assertEquals(puts(read("416.52", 1, recorded), read("4166.00", 2, recorded)), [false, true]);
  assertEquals(puts(read("2900.00", 1, recorded), read("2910.00", 2, recorded)), [false, true]);
  assertEquals(puts(read("4100.00", 1, recorded)), [true]);
  assertEquals(puts(read("416.52", 1, null)), [true]);
});
