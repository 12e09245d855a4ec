import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createCoinbase } from "../../../../lib/topics/quotes/providers/coinbase.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const TICKER = readSample("coinbase_rest_ticker.200");
const STATS = readSample("coinbase_rest_stats.200");

const coinbase = createCoinbase({ "BTC-USD": "BTC-USD" });

Deno.test("coinbase measures the last trade against the price of 24 hours ago", async () => {
  const upstream = createSampleUpstream({ "/BTC-USD/ticker": TICKER, "/BTC-USD/stats": STATS });
  assertEquals(await coinbase.read(upstream, "BTC-USD"), {
    symbol: "BTC-USD",
    price: "6268.48",
    baseline: "5414.18000000",
    basis: "rolling_24h",
    open: "5414.18000000",
    high: "6441.37000000",
    low: "5261.69000000",
    volume: "53687.76764233",
    bid: "6265.15",
    ask: "6267.71",
    session: "always",
    as_of: "2020-03-20T00:22:57.833Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("coinbase does not replace a failed response by a cached one", async () => {
  const failure = new UpstreamFailure("timeout", "Coinbase did not respond");
  const fresh = createSampleUpstream({ "/ticker": TICKER, "/stats": STATS });
  const upstream: typeof fresh = {
    get: async (url, parse) => ({ ...await fresh.get(url, parse), failure }),
  };
  await assertRejects(() => coinbase.read(upstream, "BTC-USD"), UpstreamFailure, failure.message);
});
