import { assertEquals } from "@std/assert";
import { FreshnessRules } from "../../../lib/topics/quotes/freshness.ts";
import type { Baseline } from "../../../lib/topics/quotes/history/baseline.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
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
  read: () => Promise.reject(new Error("unused")),
};

/** Creates a cache of metals whose recorder knows a baseline, and puts a reading. Returns the cached change. */
function changeAfter(overrides: Partial<Reading>, baseline: Baseline | null) {
  const clock = createManualClock(Date.parse("2026-11-18T15:00:00Z"));
  const added: string[] = [];
  const instruments = instrumentsFor({});
  const cache = new QuoteCache({
    clock,
    instruments,
    freshness: new FreshnessRules(clock, instruments, createMarketHours()),
    providers: [METALS],
    recorder: {
      add: ({ price }, source) => added.push(`${price} of ${source}`),
      baselineOf: () => baseline,
    },
    isSimulated: false,
  });
  const gold = { ...reading("4010.00", 0), symbol: "XAU-USD", ...overrides };
  cache.put({ ...gold, newsElapsed: clock.elapsed() }, METALS);
  assertEquals(added, ["4010.00 of metals"]);
  const { change, change_pct, basis } = cache.readingOf("XAU-USD", METALS.name) ?? {};
  return [change, change_pct, basis];
}

Deno.test("QuoteCache measures the change from the recorded baseline if the source states none", () => {
  const close: Baseline = { price: "4000.00", basis: "prev_close" };
  assertEquals(changeAfter({}, close), ["10.00", 0.25, "prev_close"]);
  assertEquals(changeAfter({}, null), [null, null, "none"]);
  const stated = { change: "1.00", change_pct: 0.02, basis: "rolling_24h" } as const;
  assertEquals(changeAfter(stated, close), ["1.00", 0.02, "rolling_24h"]);
});
