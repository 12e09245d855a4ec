import { assertEquals } from "@std/assert";
import { FreshnessRules } from "../../../lib/topics/quotes/freshness.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";
import { QuoteCache, validateReading } from "../../../lib/topics/quotes/quote_cache.ts";
import type { Provider, Reading } from "../../../lib/topics/quotes/providers/provider.ts";
import { createManualClock } from "../../support/manual_clock.ts";

const NOW = Date.parse("2026-05-18T12:00:00Z");

function reading(price: string, second: number, asOfSecond: number | null = second): Reading {
  const time = (s: number) => new Date(NOW + (s - 60) * 1000).toISOString();
  return {
    symbol: "BTC-USD",
    price,
    change: null,
    change_pct: null,
    basis: "none",
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

const METALS: Provider = {
  name: "metals",
  title: "Metals",
  attribution: "Metals",
  symbols: ["XAU-USD"],
  intervalMs: 30_000,
  ttlMs: 24_000,
  isMeasuredByDay: true,
  read: () => Promise.reject(new Error("unused")),
};

/**
 * Creates a cache of a provider that sends no previous price, and returns a function that puts a price and returns the
 * cached change.
 */
function createMeasuredCache() {
  const clock = createManualClock(Date.parse("2026-11-22T00:00:00Z"));
  const cache = new QuoteCache({
    clock,
    freshness: new FreshnessRules(clock, createMarketHours()),
    providers: [METALS],
    isSimulated: false,
  });
  return (price: string, received: string, as_of: string | null = null) => {
    const received_at = `2026-11-${received}:00.000Z`;
    const elapsed = Date.parse(received_at);
    const overrides = { symbol: "XAU-USD", price, as_of, received_at, receivedElapsed: elapsed };
    cache.put({ ...reading(price, 0), ...overrides, newsElapsed: elapsed }, METALS);
    const { change, change_pct, basis } = cache.readingOf("XAU-USD", METALS.name) ?? {};
    return [change, change_pct, basis];
  };
}

Deno.test("QuoteCache measures from the first price of the UTC day, which has no change", () => {
  const put = createMeasuredCache();
  assertEquals(put("4000.00", "18T10:00"), [null, null, "none"]);
  assertEquals(put("4000.00", "18T10:00"), [null, null, "none"], "the same response");
  assertEquals(put("4010.00", "18T10:01"), ["10.00", 0.25, "utc_day"]);
  assertEquals(put("3990.5", "18T23:59"), ["-9.50", -0.2375, "utc_day"]);
  assertEquals(put("4100.00", "19T00:00"), [null, null, "none"]);
  assertEquals(put("4141.00", "19T00:01"), ["41.00", 1, "utc_day"]);
});

Deno.test("QuoteCache measures by the day of the market time, so a price of Friday that is read on Saturday belongs to Friday", () => {
  const put = createMeasuredCache();
  put("4000.00", "20T21:00", "2026-11-20T21:00:00.000Z");
  const [change, , basis] = put("4010.00", "21T09:00", "2026-11-20T21:59:00.000Z");
  assertEquals([change, basis], ["10.00", "utc_day"]);
});
