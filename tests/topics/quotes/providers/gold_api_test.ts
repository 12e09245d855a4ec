import { assertEquals, assertRejects } from "@std/assert";
import { createGoldApi } from "../../../../lib/topics/quotes/providers/gold_api.ts";
import { createSampleUpstream, readSample, RECEIVED_ELAPSED } from "../samples.ts";

const GOLD = readSample("goldapi_price_XAU.200");

const goldApi = createGoldApi({ "XAU-USD": "XAU" });

Deno.test("gold-api keeps the digits that were sent, and has no change", async () => {
  assertEquals(await goldApi.read(createSampleUpstream({ "/price/XAU": GOLD }), "XAU-USD"), {
    symbol: "XAU-USD",
    price: "4165.200195",
    change: null,
    change_pct: null,
    basis: "none",
    session: null,
    as_of: "2026-07-03T16:08:54.000Z",
    received_at: "2026-05-18T08:20:00.000Z",
    receivedElapsed: RECEIVED_ELAPSED,
    is_delayed: false,
    delay_s: null,
  });
  const trailingZero = createSampleUpstream({
    "/price/XAU": GOLD.replace("4165.200195", "4165.10"),
  });
  assertEquals((await goldApi.read(trailingZero, "XAU-USD")).price, "4165.10");
});

Deno.test("gold-api rejects another metal, another currency and a price of zero", async () => {
  for (
    const [from, to] of [['"XAU"', '"XAG"'], ['"USD"', '"EUR"'], ["4165.200195", "0"], [
      "2026-07-03T16:08:54Z",
      "a few seconds ago",
    ]] as const
  ) {
    const upstream = createSampleUpstream({ "/price/XAU": GOLD.replace(from, to) });
    await assertRejects(() => goldApi.read(upstream, "XAU-USD"), Error, undefined, to);
  }
});
