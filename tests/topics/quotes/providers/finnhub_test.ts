import { assertEquals, assertRejects } from "@std/assert";
import { createFinnhub } from "../../../../lib/topics/quotes/providers/finnhub.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const finnhub = createFinnhub({ AAPL: "AAPL", "BRK.B": "BRK.B" }, "a-key");
const APPLE = readSample("finnhub_quote.200");

/** Reads Apple from a response. */
function read(body: string) {
  return finnhub.read(createSampleUpstream({ "?symbol=AAPL": body }), "AAPL");
}

Deno.test("finnhub measures against the previous close, and has the day's figures", async () => {
  assertEquals(await read(APPLE), {
    symbol: "AAPL",
    price: "261.74",
    baseline: "259.45",
    basis: "prev_close",
    open: "261.07",
    high: "263.31",
    low: "260.68",
    volume: null,
    bid: null,
    ask: null,
    session: null,
    as_of: "2020-02-25T14:30:00.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("finnhub's zeros stand for an unknown symbol, which concerns no other symbol", async () => {
  const unknown = readSample("finnhub_quote_unknown.200");
  const thrown = await assertRejects(() => read(unknown), UpstreamFailure, "does not know AAPL");
  assertEquals([thrown.kind, thrown.status], ["http", 404]);
});

Deno.test("finnhub's zero or missing figure is an unknown one, and leaves the price", async () => {
  const early = `{"c":261.74,"h":0,"l":null,"o":0,"pc":0,"t":1582641000}`;
  const { price, baseline, basis, open, high, low } = await read(early);
  assertEquals([price, baseline, basis, open, high, low], [
    "261.74",
    null,
    "none",
    null,
    null,
    null,
  ]);
});

Deno.test("finnhub sends its key in a header", () => {
  assertEquals(finnhub.headers, { "x-finnhub-token": "a-key" });
});
