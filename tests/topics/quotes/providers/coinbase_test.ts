import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { coinbase } from "../../../../lib/topics/quotes/providers/coinbase.ts";
import { answering, RECEIVED_ELAPSED, sample } from "../samples.ts";

const ticker = sample("coinbase_rest_ticker.200");
const stats = sample("coinbase_rest_stats.200");

Deno.test("coinbase measures the last trade against the price of 24 hours ago", async () => {
  const upstream = answering({ "/BTC-USD/ticker": ticker, "/BTC-USD/stats": stats });
  assertEquals(await coinbase.read(upstream, "BTC-USD"), {
    symbol: "BTC-USD",
    price: "6268.48",
    change: "854.30000000",
    change_pct: 15.7789,
    basis: "rolling_24h",
    session: "always",
    as_of: "2020-03-20T00:22:57.833Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("coinbase rejects a price of zero", async () => {
  const upstream = answering({ "/ticker": ticker.replace("6268.48", "0.00"), "/stats": stats });
  await assertRejects(() => coinbase.read(upstream, "BTC-USD"));
});

Deno.test("coinbase returns no cached answer in place of a failed one", async () => {
  const failure = new UpstreamFailure("timeout", "Coinbase did not answer");
  const fresh = answering({ "/ticker": ticker, "/stats": stats });
  const upstream: typeof fresh = {
    get: async (url, parse) => ({ ...await fresh.get(url, parse), failure }),
  };
  await assertRejects(() => coinbase.read(upstream, "BTC-USD"), UpstreamFailure, failure.message);
});
