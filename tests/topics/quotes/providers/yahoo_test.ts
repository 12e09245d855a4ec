import { assertEquals, assertRejects } from "@std/assert";
import { createYahoo } from "../../../../lib/topics/quotes/providers/yahoo.ts";
import { NO_FIGURES } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const BRENT = readSample("yahoo_v8_chart_BZ=F.synthetic");
const SPX = readSample("yahoo_v8_chart_^GSPC.synthetic");

const yahoo = createYahoo({ SPX: "^GSPC", BRENT: "BZ=F" });

/** Reads an index from the text of a chart. */
function readSpx(text: string) {
  return yahoo.read(createSampleUpstream({ "/%5EGSPC?range=1d&interval=5m": text }), "SPX");
}

Deno.test("yahoo measures against the previous close, and reports its delay", async () => {
  assertEquals(await readSpx(SPX), {
    symbol: "SPX",
    price: "7738.79",
    currency: "USD",
    baseline: "7747.71",
    basis: "prev_close",
    ...NO_FIGURES,
    open: "7747.71",
    session: null,
    period: { start: 1791207000_000, end: 1791230400_000 },
    as_of: "2026-10-05T13:58:27.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: true,
    delay_s: 900,
  });
  const brent = await yahoo.read(
    createSampleUpstream({ "/BZ%3DF?range=1d&interval=5m": BRENT }),
    "BRENT",
  );
  assertEquals([brent.price, brent.baseline, brent.delay_s], ["70.8", "71.57", 600]);
});

Deno.test("yahoo reads a recorded response", async () => {
  const recorded = readSample("yahoo_v8_chart_1d_5m.200").replace('"AAPL"', '"^GSPC"');
  const { price, baseline, open, high, low, volume } = await readSpx(recorded);
  assertEquals([price, baseline], ["333.923", "333.69"]);
  assertEquals([open, high, low, volume], ["332.80", "336.19", "331.65", "3907731"]);
});

Deno.test("yahoo has no change without the previous close, and does not use the close before the range", async () => {
  const range = readSample("yahoo_v8_chart.history_range.200").replaceAll('"GC=F"', '"^GSPC"');
  const { price, baseline, basis } = await readSpx(range);
  assertEquals([price, baseline, basis], ["4162.3", null, "none"]);
});

Deno.test("yahoo rejects a chart of another symbol, an error, and a chart without a price", async () => {
  await assertRejects(() => readSpx(BRENT), Error, "returned no price for SPX");
  await assertRejects(() => readSpx(readSample("yahoo_v8_chart.404")));
  await assertRejects(() => readSpx(SPX.replace("7738.79", "null")));
});

Deno.test("yahoo is labelled unofficial, and does not serve spot metals", () => {
  assertEquals(yahoo.attribution, "Yahoo Finance, unofficial, delayed");
});
