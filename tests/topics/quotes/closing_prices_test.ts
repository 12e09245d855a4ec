/** The status of a provider of closing prices, and of one whose markets are closed. */
import { assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS, isoTime } from "../../../lib/core/time.ts";
import { FreshnessRules } from "../../../lib/topics/quotes/freshness.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import { createMarketHours } from "../../../lib/topics/quotes/market_hours.ts";
import { ProviderClient } from "../../../lib/topics/quotes/provider_client.ts";
import {
  NO_BASELINE,
  NO_FIGURES,
  type Provider,
} from "../../../lib/topics/quotes/providers/provider.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { HEALTHY } from "./fake_providers.ts";

/** A Wednesday at noon in New York: its market is open. */
const NOON = Date.UTC(2026, 11, 2, 17);

const SERVING = { standbyFor: null, remarks: [], nextPollAt: 0 } as const;

/** Creates a client of a provider with the closes of two days. */
function createCloses(days: Readonly<Record<string, string>>, isEndOfDay = true) {
  const clock = createManualClock(NOON);
  const provider: Provider = {
    name: "fred",
    title: "FRED",
    attribution: "FRED",
    symbols: Object.keys(days),
    isEndOfDay,
    intervalMs: HOUR_MS,
    ttlMs: HOUR_MS,
    read: (_upstream, symbol) =>
      Promise.resolve({
        ...NO_BASELINE,
        ...NO_FIGURES,
        symbol,
        price: "60.00",
        session: null,
        as_of: isoTime(Date.parse(days[symbol] ?? "")),
        received_at: isoTime(clock.now()),
        receivedElapsed: clock.elapsed(),
        is_delayed: true,
        delay_s: null,
      }),
  };
  const freshness = new FreshnessRules(
    clock,
    instrumentsFor({ SYMBOLS: ["WTI", "SPX", "AAPL", "TSLA"] }),
    createMarketHours(),
  );
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const upstream = { get: () => Promise.reject(new Error("unused")), health: () => HEALTHY };
  return { clock, client: new ProviderClient({ clock, log }, freshness, { provider, upstream }) };
}

Deno.test("a provider of closing prices is closed while markets trade, and names the days of its prices", async () => {
  const { client } = createCloses({ WTI: "2026-11-27", SPX: "2026-12-01" });
  await client.fetchReading("SPX", () => {});
  const status = () => {
    const { state, reason } = client.updateStatus(SERVING) ?? {};
    return [state, reason];
  };
  assertEquals(status(), ["closed", "Close of 1 Dec"]);
  for (const symbol of ["WTI", "SPX"]) await client.fetchReading(symbol, () => {});
  assertEquals(status(), ["closed", "Closes of 27 Nov to 1 Dec"]);
});

Deno.test("a provider of closing prices is stale, not closed, once a price is more than five sessions old", async () => {
  const { client, clock } = createCloses({ SPX: "2026-12-01" });
  await client.fetchReading("SPX", () => {});
  await clock.advance(6 * DAY_MS);
  assertEquals(client.updateStatus(SERVING)?.state, "closed");
  await clock.advance(2 * DAY_MS);
  const { state, reason } = client.updateStatus(SERVING) ?? {};
  assertEquals([state, reason], ["stale", "Close of 1 Dec"]);
});

Deno.test("a provider is closed with its markets although one share has not been traded for weeks, and names it", async () => {
  const { client, clock } = createCloses({ AAPL: "2026-12-02T16:59Z", TSLA: "2026-09-01" }, false);
  for (const symbol of ["AAPL", "TSLA"]) await client.fetchReading(symbol, () => {});
  await clock.advance(6 * HOUR_MS);
  const status = () => {
    const { state, reason } = client.updateStatus(SERVING) ?? {};
    return [state, reason];
  };
  const closed = ["closed", "TSLA: no new price for twice the poll interval; Markets are closed"];
  assertEquals(status(), closed);
  await clock.advance(3 * HOUR_MS);
  assertEquals(status(), closed);
});
