import { assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createCoinGecko } from "../../../../lib/topics/quotes/providers/coingecko.ts";
import { answering, sample } from "../samples.ts";

const coingecko = createCoinGecko("CG-test");

function read(text: string, symbol = "BTC-USD") {
  return coingecko.read(answering({ "ids=bitcoin,ethereum": text }), symbol);
}

Deno.test("coingecko's bare numbers keep their digits and its seconds become a time", async () => {
  assertObjectMatch(await read(sample("coingecko_simple_price.200")), {
    price: "76975",
    change: null,
    change_pct: -1.4093,
    basis: "rolling_24h",
    as_of: "2026-05-18T08:17:38.000Z",
  });
  const tiny = `{"ethereum":{"usd":1.50e-7,"usd_24h_change":1e-7,"last_updated_at":1779092258}}`;
  assertObjectMatch(await read(tiny, "ETH-USD"), { price: "0.000000150", change_pct: 0 });
});

Deno.test("coingecko without a change has no basis", async () => {
  assertObjectMatch(await read(sample("coingecko_simple_price.null_change.200")), {
    change_pct: null,
    basis: "none",
  });
});

Deno.test("coingecko fails for an id that the answer omits", async () => {
  const text = sample("coingecko_simple_price.unknown_id.200");
  await assertRejects(() => read(text), UpstreamFailure, "CoinGecko returned no price for BTC-USD");
});

Deno.test("coingecko's errors with HTTP 200 are failures, whatever their shape", async () => {
  const refusals: Record<string, number> = {
    [sample("coingecko_simple_price.429")]: 429,
    [`{"error":{"status":{"error_code":10010,"error_message":"x"}}}`]: 200,
    [`{"error":"coin not found"}`]: 200,
  };
  for (const [text, expected] of Object.entries(refusals)) {
    const { kind, status } = await assertRejects(() => read(text), UpstreamFailure);
    assertEquals([kind, status], ["http", expected]);
  }
});

Deno.test("coingecko sends its key in a header and stays within its monthly quota", () => {
  assertEquals(coingecko.headers, { "x-cg-demo-api-key": "CG-test" });
  const callsAMonth = 31 * 86_400_000 / Math.min(coingecko.intervalMs, coingecko.ttlMs);
  assertEquals(callsAMonth <= 10_000, true);
});
