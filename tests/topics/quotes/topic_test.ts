import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../lib/core/event.ts";
import { Quote, Snapshot, Status } from "../../../lib/topics/quotes/quote.ts";
import { quotesTopic } from "../../../lib/topics/quotes/topic.ts";
import { createUnsourced } from "../../../lib/topics/quotes/unsourced.ts";
import { createManualClock } from "../../support/manual_clock.ts";

const quote = (symbol: string): Quote => ({
  symbol,
  name: symbol,
  class: "crypto",
  price: "1.10",
  change: null,
  change_pct: null,
  basis: "none",
  currency: "USD",
  unit: "coin",
  decimals: 2,
  session: "always",
  as_of: null,
  received_at: "2026-01-01T00:00:00.000Z",
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
});

const status = (provider: string): Status => ({
  provider,
  symbols: ["BTC-USD"],
  state: "live",
  since: "2026-01-01T00:00:00.000Z",
  reason: null,
  breaker: "closed",
  next_try_at: null,
});

function event(type: string, data: Quote | Status): StreamEvent {
  const json = JSON.stringify(data);
  return { id: "1-1", topic: "quotes", prevId: null, type, key: json, tags: [], json };
}

Deno.test("quotesTopic() opens with a snapshot in the symbols' order, judged at that time", () => {
  const topic = quotesTopic([{
    judge: (each) => ({ ...each, is_stale: true }),
    judgeStatus: (each) => ({ ...each, state: "stale" }),
    awaited: () => [status("coinbase")], // told already
  }]);
  const { type, json = "" } = topic.open?.([
    event("status", status("kraken")),
    event("quote", quote("ETH-USD")),
    event("status", status("coinbase")),
    event("quote", quote("BTC-USD")),
  ], null) ?? {};
  assertEquals(type, "snapshot");
  const snapshot = Snapshot.parse(JSON.parse(json));
  assertEquals(snapshot, {
    quotes: [quote("BTC-USD"), quote("ETH-USD")].map((each) => ({ ...each, is_stale: true })),
    status: [status("coinbase"), status("kraken")].map((each) => ({ ...each, state: "stale" })),
  });
});

Deno.test("quotesTopic() names whom a symbol without a value waits for, if the filter wants it", () => {
  const topic = quotesTopic([{
    judge: (each) => each,
    judgeStatus: (each) => each,
    awaited: () => [status("coinbase")],
  }]);
  for (
    const [tags, expected] of [
      [null, [status("coinbase")]],
      [new Set(status("coinbase").symbols.slice(0, 1)), [status("coinbase")]],
      [new Set(["XAU-USD"]), []],
    ] as const
  ) {
    const { json = "" } = topic.open?.([], tags) ?? {};
    assertEquals(Snapshot.parse(JSON.parse(json)), { quotes: [], status: [...expected] });
  }
});

Deno.test("createUnsourced() calls stale what the log still holds of symbols that nobody gives", () => {
  const { judge } = createUnsourced(createManualClock(), ["WTI"]);
  assertEquals(judge(quote("WTI")).is_stale, true);
  assertEquals(judge(quote("SPX")), quote("SPX"));
});

Deno.test("quotesTopic() does not call a provider live whose quotes are all stale, whoever wrote that", () => {
  const topic = quotesTopic([{
    judge: (each) => ({ ...each, is_stale: true }),
    judgeStatus: (each) => each,
    awaited: () => [],
  }]);
  const statuses = ["coinbase", "kraken"].map((name) => ({
    ...status(name),
    state: "live" as const,
  }));
  const newest = [
    event("quote", quote("BTC-USD")),
    ...statuses.map((each) => event("status", each)),
  ];
  const { json = "" } = topic.open?.(newest, null) ?? {};
  const states = Snapshot.parse(JSON.parse(json)).status.map((
    { provider, state },
  ) => [provider, state]);
  assertEquals(states, [[quote("BTC-USD").source, "stale"], ["kraken", "live"]]);
});
