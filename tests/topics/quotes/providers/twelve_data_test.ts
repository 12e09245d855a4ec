import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { createTwelveData } from "../../../../lib/topics/quotes/providers/twelve_data.ts";
import { answering, RECEIVED_ELAPSED, sample } from "../samples.ts";

const twelveData = createTwelveData("a-key");
const METAL = sample("twelvedata_quote.200");
const REFUSAL = sample("twelvedata_error.429");

/** Reads gold from an answer with this in place of silver, and the other way round. */
function read(symbol: string, gold: string, silver = REFUSAL) {
  const both = `{"XAU/USD":${gold},"XAG/USD":${silver}}`;
  return twelveData.read(answering({ "?symbol=XAU/USD,XAG/USD": both }), symbol);
}

Deno.test("twelve-data measures against the previous close, and reports the session", async () => {
  assertEquals(await read("XAU-USD", METAL), {
    symbol: "XAU-USD",
    price: "286.19000",
    change: "3.08999",
    change_pct: 1.0915,
    basis: "prev_close",
    session: "closed",
    as_of: "2025-12-02T14:30:00.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
});

Deno.test("twelve-data's errors, for one symbol or for all, are failures also with HTTP 200", async () => {
  const refused = "Twelve Data refused: too many requests";
  await assertRejects(() => read("XAG-USD", METAL), UpstreamFailure, refused);
  const all = answering({ "/quote": REFUSAL });
  const thrown = await assertRejects(
    () => twelveData.read(all, "XAU-USD"),
    UpstreamFailure,
    refused,
  );
  assertEquals(thrown.status, 429);
  const other = answering({ "/quote": REFUSAL.replace("429", "401") });
  await assertRejects(
    () => twelveData.read(other, "XAU-USD"),
    UpstreamFailure,
    "answered with an error",
  );
  const missing = answering({ "/quote": "{}" });
  await assertRejects(
    () => twelveData.read(missing, "XAU-USD"),
    UpstreamFailure,
    "returned no price",
  );
});

Deno.test("twelve-data sends its key in a header", () => {
  assertEquals(twelveData.headers, { authorization: "apikey a-key" });
});
