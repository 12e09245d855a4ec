import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createTwelveData } from "../../../../lib/topics/quotes/providers/twelve_data.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const twelveData = createTwelveData({ "XAU-USD": "XAU/USD", "XAG-USD": "XAG/USD" }, "a-key");
const METAL = readSample("twelvedata_quote.200");
const REFUSAL = readSample("twelvedata_error.429");

/** Reads a symbol from a response with these quotes of gold and silver. */
function read(symbol: string, gold: string, silver = REFUSAL) {
  const body = `{"XAU/USD":${gold},"XAG/USD":${silver}}`;
  return twelveData.read(createSampleUpstream({ "?symbol=XAU/USD,XAG/USD": body }), symbol);
}

Deno.test("twelve-data measures against the previous close, and reports the session", async () => {
  assertEquals(await read("XAU-USD", METAL), {
    symbol: "XAU-USD",
    price: "286.19000",
    currency: "USD",
    baseline: "283.10001",
    basis: "prev_close",
    open: "283",
    high: "287.39999",
    low: "282.63000",
    volume: "53615500",
    bid: null,
    ask: null,
    session: "closed",
    as_of: "2025-12-02T14:30:00.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("twelve-data rejects an error with HTTP 200, for one symbol or for all, and a response without the symbol", async () => {
  const message = "Twelve Data refused: too many requests";
  await assertRejects(() => read("XAG-USD", METAL), UpstreamFailure, message);
  const refusing = createSampleUpstream({ "/quote": REFUSAL });
  const thrown = await assertRejects(
    () => twelveData.read(refusing, "XAU-USD"),
    UpstreamFailure,
    message,
  );
  assertEquals(thrown.status, 429);
  const unauthorized = createSampleUpstream({ "/quote": REFUSAL.replace("429", "401") });
  await assertRejects(
    () => twelveData.read(unauthorized, "XAU-USD"),
    UpstreamFailure,
    "answered with error 401",
  );
  const missing = createSampleUpstream({ "/quote": "{}" });
  await assertRejects(
    () => twelveData.read(missing, "XAU-USD"),
    UpstreamFailure,
    "returned no price",
  );
});

Deno.test("twelve-data sends its key in a header", () => {
  assertEquals(twelveData.headers, { authorization: "apikey a-key" });
});
