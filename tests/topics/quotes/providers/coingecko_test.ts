import { assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { DAY_MS } from "../../../../lib/core/time.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createCoinGecko } from "../../../../lib/topics/quotes/providers/coingecko.ts";
import { createSampleUpstream, readSample } from "../samples.ts";

const coingecko = createCoinGecko({ "BTC-USD": "bitcoin", "ETH-USD": "ethereum" }, "CG-test");

function read(text: string, symbol = "BTC-USD") {
  return coingecko.read(createSampleUpstream({ "ids=bitcoin,ethereum": text }), symbol);
}

Deno.test("coingecko keeps the digits of bare numbers and converts seconds to a time", async () => {
  assertObjectMatch(await read(readSample("coingecko_simple_price.200")), {
    price: "76975",
    baseline: "78075.3389479",
    basis: "rolling_24h",
    as_of: "2026-05-18T08:17:38.000Z",
  });
  const tiny = `{"ethereum":{"usd":1.50e-7,"usd_24h_change":1e-7,"last_updated_at":1779092258}}`;
  assertObjectMatch(await read(tiny, "ETH-USD"), {
    price: "0.000000150",
    baseline: "0.00000014999999985",
  });
});

Deno.test("coingecko without a change has no basis", async () => {
  assertObjectMatch(await read(readSample("coingecko_simple_price.null_change.200")), {
    baseline: null,
    basis: "none",
  });
});

Deno.test("coingecko fails for an id that the response omits", async () => {
  const text = readSample("coingecko_simple_price.unknown_id.200");
  await assertRejects(() => read(text), UpstreamFailure, "CoinGecko returned no price for BTC-USD");
});

Deno.test("coingecko rejects an error with HTTP 200 in every shape", async () => {
  const errorStatuses: Record<string, number> = {
    [readSample("coingecko_simple_price.429")]: 429,
    [`{"error":{"status":{"error_code":10010,"error_message":"x"}}}`]: 200,
    [`{"error":"coin not found"}`]: 200,
  };
  for (const [text, expected] of Object.entries(errorStatuses)) {
    const { kind, status } = await assertRejects(() => read(text), UpstreamFailure);
    assertEquals([kind, status], ["http", expected]);
  }
});

Deno.test("coingecko sends its key in a header and stays within its monthly quota", () => {
  assertEquals(coingecko.headers, { "x-cg-demo-api-key": "CG-test" });
  const callsPerMonth = 31 * DAY_MS / Math.min(coingecko.intervalMs, coingecko.ttlMs);
  assertEquals(callsPerMonth <= 10_000, true);
});
