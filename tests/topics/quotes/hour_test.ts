/**
 * An hour of a market whose upstreams fail at random: whole hosts, single symbols, and single fields of a payload.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readConfig } from "../../../lib/core/config.ts";
import type { Runtime } from "../../../lib/core/runtime.ts";
import { MINUTE_MS } from "../../../lib/core/time.ts";
import { createServices } from "../../../lib/services.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";
import type { Quote } from "../../../lib/topics/quotes/quote.ts";
import { createOfflineDemo } from "../../demo/support.ts";
import { createClient } from "../../hub/support.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { propertyRuns } from "../../support/property_runs.ts";

/** A Wednesday, half an hour before the stock exchanges close. */
const STARTED_AT = Date.UTC(2026, 10, 18, 20, 30);
const HOUR_MINUTES = 60;

/** The interval of all polls. */
const POLL_MS = 30_000;

/** The time after which a source that answers again must be served: the longest pause of a breaker, and two polls. */
const RECOVERY_MS = 8 * MINUTE_MS;

/** The same after refusals for too many calls, whose pauses grow to a quarter of an hour. */
const LIMIT_RECOVERY_MS = 18 * MINUTE_MS;

/** The oldest market time of a price that counts as live: a delay of 15 min, two polls and their jitter. */
const MAX_AGE_MS = 15 * MINUTE_MS + 3 * POLL_MS;

const COINBASE = "api.exchange.coinbase.com";
const KRAKEN = "api.kraken.com";
const GOLD = "api.gold-api.com";
const YAHOO = "query1.finance.yahoo.com";

/** The parts of a payload without which it has no price. All others may be absent, null or zero. */
const VITAL: Readonly<Record<string, RegExp>> = {
  [COINBASE]: /^(price|time)$/,
  [KRAKEN]: /\.c(\.0)?$/,
  [GOLD]: /^(price|symbol)$/,
  [YAHOO]: /\.meta\.(symbol|regularMarketPrice|regularMarketTime)$/,
};

/** A fault of the calls whose URL contains a text, in minutes of the hour. */
interface MarketFault {
  readonly part: string;
  readonly from: number;
  readonly minutes: number;
  readonly kind: "outage" | "missing" | "html" | "hang" | "limit" | "field";
  /** Selects the field, its value, or the form of `Retry-After`. */
  readonly pick: number;
}

/** Instruments of every class, each with one of three preferred sources. */
const MIXED_SYMBOLS = [
  ...["BTC-USD", "ETH-USD", "SOL-USD", "DOGE-USD", "PEPE-USD", "XAU-USD", "XAG-USD", "XPT-USD"],
  ...["COPPER", "BRENT", "WTI", "NATGAS", "SPX", "DJI", "VIX", "TSX", "EUR-USD", "USD-JPY"],
  ...["AAPL", "BRK.B", "SPY", "US10Y"],
];

/** The URL of a symbol's price at its preferred source. */
const PRICE_URLS: ReadonlyMap<string, string> = new Map(
  [...instrumentsFor({ SYMBOLS: MIXED_SYMBOLS })].map(([symbol, { tickers }]) => {
    const yahoo = `https://${YAHOO}/v8/finance/chart/${encodeURIComponent(tickers.yahoo ?? "")}?`;
    const gold = `https://${GOLD}/price/${tickers["gold-api"]}`;
    const coinbase = `https://${COINBASE}/products/${tickers.coinbase}/ticker`;
    if (tickers.coinbase !== undefined) return [symbol, coinbase];
    return [symbol, tickers["gold-api"] !== undefined ? gold : yahoo];
  }),
);

/** The symbols of a run, and what happens to their upstreams. */
interface Hour {
  readonly symbols: readonly string[];
  readonly faults: readonly MarketFault[];
}

/** Draws instruments, and faults of their hosts, their prices and the day's figures of coins. */
const Hours: fc.Arbitrary<Hour> = fc.uniqueArray(fc.constantFrom(...MIXED_SYMBOLS), {
  minLength: 5,
  maxLength: 10,
}).chain((symbols) => {
  const prices = symbols.map((symbol) => PRICE_URLS.get(symbol) ?? symbol);
  const parts = [...prices, ...prices.map((url) => url.replace(/ticker$/, "stats"))];
  const fault = fc.record({
    part: fc.constantFrom(COINBASE, KRAKEN, GOLD, YAHOO, ...parts),
    from: fc.integer({ min: 1, max: 55 }),
    minutes: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom(
      ...["outage", "missing", "html", "hang", "limit", "field", "field", "field"] as const,
    ),
    pick: fc.nat(10_000),
  });
  return fc.record({
    symbols: fc.constant(symbols),
    faults: fc.array(fault, { minLength: 1, maxLength: 6 }),
  });
});

/** Lists the paths of the leaves of a JSON value, such as `chart.result.0.meta.currency`. */
function leavesOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) =>
    leavesOf(member, path === "" ? key : `${path}.${key}`)
  );
}

/** Returns a copy of a JSON value with another value at a path: undefined removes it. */
function replaceAt(value: unknown, [key, ...rest]: readonly string[], leaf: unknown): unknown {
  if (key === undefined) return leaf;
  if (Array.isArray(value)) {
    return value.map((member, index) =>
      `${index}` === key ? replaceAt(member, rest, leaf) : member
    );
  }
  const members = Object.entries(value ?? {}).map(([name, member]) => [
    name,
    name === key ? replaceAt(member, rest, leaf) : member,
  ]);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

/** Damages a field that no price needs. */
function damageField(host: string, json: string, pick: number): string {
  const body: unknown = JSON.parse(json);
  const leaves = leavesOf(body).filter((path) => !VITAL[host]?.test(path));
  const path = leaves[pick % leaves.length];
  if (path === undefined) return json;
  const leaf = [null, undefined, 0, "", 1e-45][pick % 5];
  return JSON.stringify(replaceAt(body, path.split("."), leaf));
}

const RETRY_AFTER = ["0", "1.5", "30", "Sun, 06 Nov 1994 08:49:37 GMT"];

/** Creates a runtime whose upstreams have faults. */
function createFaultyMarket(runtime: Runtime, faults: readonly MarketFault[]): Runtime {
  const faultOf = ({ href }: URL) => {
    const minute = (runtime.clock.now() - STARTED_AT) / MINUTE_MS;
    return faults.find(({ part, from, minutes }) =>
      href.includes(part) && minute >= from && minute < from + minutes
    );
  };
  return {
    ...runtime,
    async fetch(url, init) {
      const fault = faultOf(url);
      if (fault?.kind === "hang") {
        await new Promise((_, reject) =>
          init.signal?.addEventListener("abort", () => reject(init.signal?.reason))
        );
      }
      const response = await runtime.fetch(url, init);
      const respond = (status: number, body: string, headers: Record<string, string> = {}) =>
        new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
      switch (fault?.kind) {
        case "outage":
          return respond(503, "{}");
        case "missing":
          return respond(404, `{"message":"NotFound"}`);
        case "html":
          return respond(200, "<!doctype html>", { "content-type": "text/html" });
        case "limit": {
          const retryAfter = RETRY_AFTER[fault.pick % RETRY_AFTER.length] ?? "0";
          return respond(429, "{}", { "retry-after": retryAfter });
        }
        case "field":
          return respond(200, damageField(url.hostname, await response.text(), fault.pick));
        default:
          return response;
      }
    },
  };
}

/** Tests if the preferred source of a symbol has a fault that hides its price, or had one until recently. */
function isAffected(symbol: string, faults: readonly MarketFault[], now: number): boolean {
  const url = PRICE_URLS.get(symbol) ?? symbol;
  const hostOf = (part: string) => URL.parse(part)?.hostname ?? part;
  return faults.some(({ part, from, minutes, kind }) => {
    const startsAt = STARTED_AT + from * MINUTE_MS;
    if (kind === "field" || now < startsAt) return false;
    const recoveryMs = kind === "limit" ? LIMIT_RECOVERY_MS : RECOVERY_MS;
    if (now >= startsAt + minutes * MINUTE_MS + recoveryMs) return false;
    // A host that is down or limits calls is so for all its symbols.
    return url.includes(part) || part === hostOf(url) ||
      kind === "limit" && hostOf(part) === hostOf(url);
  });
}

/** Plays an hour and checks each minute. */
async function playHour({ symbols, faults }: Hour): Promise<void> {
  const clock = createManualClock(STARTED_AT);
  const config = readConfig({
    DEMO: "1",
    DEMO_FAULTS: "off",
    SYMBOLS: symbols.join(),
    STREAMING_SOURCES: "none",
    QUOTE_POLL_MS: String(POLL_MS),
    STREAM_MAX_AGE_MS: String(2 * HOUR_MINUTES * MINUTE_MS),
  });
  const demo = createOfflineDemo(clock, {}, instrumentsFor(config));
  const runtime = createFaultyMarket(demo, faults);
  const services = createServices(config, runtime, { version: "0.0.0" });
  const filters = [{ topic: services.quotes.topic, tags: null }];
  const client = createClient(await services.hub.subscribe({ filters })).live();
  const last = new Map<string, Quote>();
  for (let minute = 0; minute < HOUR_MINUTES; minute++) {
    await clock.advance(MINUTE_MS);
    const now = clock.now();
    const { quotes } = await services.quotes.snapshot();
    const shown = new Map(quotes.map((quote) => [quote.symbol, quote]));
    for (const symbol of symbols) {
      const quote = shown.get(symbol);
      const at = `${symbol} in minute ${minute + 1}: ${JSON.stringify(quote)}`;
      assert(quote !== undefined || !last.has(symbol), `lost ${at}`);
      if (quote === undefined) {
        assert(isAffected(symbol, faults, now), `never shown: ${at}`);
        continue;
      }
      assert(!quote.is_stale || isAffected(symbol, faults, now), `stale without a cause: ${at}`);
      const previous = last.get(symbol);
      if (quote.as_of !== null && typeof previous?.as_of === "string") {
        assert(quote.as_of >= previous.as_of, `back in time: ${at}`);
      }
      const isLive = !quote.is_stale && quote.session !== "closed";
      if (isLive) {
        // A quote without a market time is fresh while its source repeats it, which is not published.
        const ageMs = quote.as_of === null ? 0 : now - Date.parse(quote.as_of);
        assert(ageMs <= MAX_AGE_MS, `old, but live: ${at}`);
      }
      assert(quote.change_pct === null || Math.abs(quote.change_pct) < 50, `absurd change: ${at}`);
      last.set(symbol, quote);
    }
  }
  await client.hangUp();
  await services.close();
  await clock.advance(15_000); // lets the calls under way end
  assertEquals(clock.timers, 0);
}

Deno.test("an hour of random faults loses no row, turns back no price, and marks no stale price live", async () => {
  await fc.assert(
    fc.asyncProperty(Hours, playHour),
    { numRuns: propertyRuns(3), endOnFailure: true },
  );
});
